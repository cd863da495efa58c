package dev.gapless.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.event.InvalidValueException;
import dev.gapless.log.EventLog;
import dev.gapless.log.IdempotencyStore;
import dev.gapless.log.IdempotencyStore.Claim;
import dev.gapless.log.LogErrors;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits drafts in one transaction, with the answer under the idempotency key if there is one, and
 * says of every failure whether the transaction may have committed. A value that PostgreSQL refuses
 * although the parser let it pass is the caller's fault, not the database's. Blocking. Thread-safe.
 */
final class Publisher {
  private static final Logger LOG = LoggerFactory.getLogger("dev.gapless.http.publish");
  // PostgreSQL answered the COMMIT with an error of these classes: it did not commit
  private static final Set<String> REFUSED_AT_COMMIT = Set.of("22", "23", "25", "40", "42", "53");
  private static final String COMPLETION_UNKNOWN = "40003";

  private final DataSource dataSource;
  private final EventLog log;
  private final IdempotencyStore keys = IdempotencyStore.create();
  private final Runnable afterCommit;

  Publisher(DataSource dataSource, EventLog log, Runnable afterCommit) {
    this.dataSource = dataSource;
    this.log = log;
    this.afterCommit = afterCommit;
  }

  /**
   * @param scope whose key it is
   * @param bodyHash what makes two requests the same, both in lower-case hex
   */
  record IdempotencyKey(String scope, String key, String bodyHash) {}

  /** The JSON of the answer: of the first such request, if this one is a repeat. */
  String publish(List<EventDraft> drafts, Optional<IdempotencyKey> key) {
    boolean committing = false;
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      String answer;
      try {
        boundWaiting(connection);
        Optional<String> repeat = key.isPresent() ? claim(connection, key.get()) : Optional.empty();
        if (repeat.isPresent()) {
          connection.rollback();
          connection.setAutoCommit(true);
          return repeat.get();
        }
        answer = render(append(connection, drafts));
        if (key.isPresent()) {
          IdempotencyKey own = key.get();
          keys.complete(connection, own.scope(), own.key(), answer);
        }
        committing = true;
        connection.commit();
      } catch (SQLException | RuntimeException failure) {
        rollback(connection, failure);
        throw failure;
      }
      finish(connection);
      return answer;
    } catch (SQLException failure) {
      throw problem(failure, committing).asException();
    }
  }

  private List<Cursor> append(Connection connection, List<EventDraft> drafts) throws SQLException {
    try {
      return log.append(connection, drafts);
    } catch (SQLException | InvalidValueException failure) {
      Optional<InvalidValueException> invalid = invalidValue(failure);
      if (invalid.isEmpty()) {
        throw failure;
      }
      connection.rollback();
      throw refused(invalid.get(), indexOfRefused(connection, drafts)).asException();
    }
  }

  /** PostgreSQL does not say which of them it refused: each by itself, and none of it stays. */
  private OptionalInt indexOfRefused(Connection connection, List<EventDraft> drafts)
      throws SQLException {
    for (int index = 0; index < drafts.size(); index++) {
      try {
        log.append(connection, List.of(drafts.get(index)));
      } catch (SQLException | InvalidValueException failure) {
        if (invalidValue(failure).isEmpty()) {
          throw failure;
        }
        return OptionalInt.of(index);
      }
    }
    return OptionalInt.empty();
  }

  private static Optional<InvalidValueException> invalidValue(Exception failure) {
    return failure instanceof SQLException sql
        ? LogErrors.invalidValue(sql)
        : Optional.of((InvalidValueException) failure);
  }

  private static Problem refused(InvalidValueException invalid, OptionalInt index) {
    int status = invalid.isTooLarge() ? 413 : 400;
    Problem problem =
        index.isPresent()
            ? Problem.of(status, "event " + index.getAsInt() + ", " + invalid.getMessage())
                .with("index", index.getAsInt())
            : Problem.of(status, invalid.getMessage());
    return problem.with("field", invalid.field());
  }

  // the transaction has committed: nothing after it may turn the answer into a failure
  private void finish(Connection connection) {
    try {
      afterCommit.run();
      connection.setAutoCommit(true);
    } catch (SQLException | RuntimeException late) {
      LOG.warn("after a commit: {}", Problems.describe(late));
    }
  }

  private Optional<String> claim(Connection connection, IdempotencyKey key) throws SQLException {
    Claim claim = keys.claim(connection, key.scope(), key.key(), key.bodyHash());
    if (claim instanceof Claim.OtherBody) {
      throw Problem.of(422, "Idempotency-Key: used before with another body")
          .with("field", "Idempotency-Key")
          .asException();
    }
    return claim instanceof Claim.Repeat repeat ? Optional.of(repeat.response()) : Optional.empty();
  }

  // another request with this key may be stuck in its transaction
  private static void boundWaiting(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = '10s'");
    }
  }

  private static void rollback(Connection connection, Throwable first) {
    try {
      connection.rollback();
      connection.setAutoCommit(true);
    } catch (SQLException alsoFailed) {
      first.addSuppressed(alsoFailed);
    }
  }

  private static String render(List<Cursor> cursors) {
    ArrayNode events = Json.array();
    for (Cursor cursor : cursors) {
      ObjectNode event = events.addObject();
      event.put("id", cursor.position());
      event.put("cursor", cursor.toString());
    }
    return new String(Json.bytes(Json.object().set("events", events)), StandardCharsets.UTF_8);
  }

  private static Problem problem(SQLException failure, boolean committing) {
    String state = Optional.ofNullable(failure.getSQLState()).orElse("");
    boolean certain =
        !committing
            || (state.length() == 5
                && REFUSED_AT_COMMIT.contains(state.substring(0, 2))
                && !state.equals(COMPLETION_UNKNOWN));
    String outcome = certain ? "not-committed" : "unknown";
    LOG.atWarn()
        .addKeyValue("outcome", outcome)
        .addKeyValue("reason", Problems.describe(failure))
        .log("publish_failed");
    return Problem.of(
            503,
            certain
                ? "the database is not available; nothing was published"
                : "the connection was lost during the commit; retry with the same Idempotency-Key")
        .with("outcome", outcome);
  }
}
