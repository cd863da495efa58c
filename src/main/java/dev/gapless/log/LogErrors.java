package dev.gapless.log;

import dev.gapless.event.InvalidValueException;
import java.sql.SQLException;
import java.util.Optional;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Tells a refused value from a database in trouble. PostgreSQL refuses bad values with
 *
 * <ul>
 *   <li>23514 and the name of the constraint ({@code events_owner_valid}, {@code
 *       events_path_valid}, {@code events_type_valid}, {@code events_data_size}); 23514 without one
 *       means that no partition holds the position, which is not the writer's fault;
 *   <li>22P02 for text that is no JSON, lone surrogates among it, 22P05 for {@code \u0000} in it,
 *       22003 for a number out of range, 22021 for a NUL character, 54000 and 54001 for a string
 *       too long or a value nested too deeply.
 * </ul>
 *
 * <p>The messages of these exceptions quote the value: log their SQLSTATE, not their text.
 */
public final class LogErrors {
  private LogErrors() {}

  /** What was wrong with a draft, if that is why {@link EventLog#append} failed. */
  public static Optional<InvalidValueException> invalidValue(SQLException e) {
    String state = e.getSQLState();
    if (state == null) {
      return Optional.empty();
    }
    return switch (state) {
      case "23514" -> constraint(e).flatMap(LogErrors::ofConstraint);
      case "22P02" -> Optional.of(InvalidValueException.of("data", "not valid JSON"));
      case "22P05", "22021" ->
          Optional.of(InvalidValueException.of("data", "NUL characters are not allowed"));
      case "22003" -> Optional.of(InvalidValueException.of("data", "a number is out of range"));
      case "54000", "54001" ->
          Optional.of(InvalidValueException.of("data", "nested too deeply or too long"));
      default -> Optional.empty();
    };
  }

  private static Optional<String> constraint(SQLException e) {
    if (e instanceof PSQLException postgres) {
      ServerErrorMessage message = postgres.getServerErrorMessage();
      return message == null ? Optional.empty() : Optional.ofNullable(message.getConstraint());
    }
    return Optional.empty();
  }

  private static Optional<InvalidValueException> ofConstraint(String name) {
    return switch (name) {
      case "events_owner_valid" -> Optional.of(refused("owner"));
      case "events_path_valid" -> Optional.of(refused("path"));
      case "events_type_valid" -> Optional.of(refused("type"));
      case "events_traceparent_valid" -> Optional.of(refused("traceparent"));
      case "events_data_size" ->
          Optional.of(
              InvalidValueException.tooLarge("data", "at most 512 KiB as PostgreSQL writes it"));
      default -> Optional.empty();
    };
  }

  private static InvalidValueException refused(String field) {
    return InvalidValueException.of(field, "the log's rule for this field is not met");
  }
}
