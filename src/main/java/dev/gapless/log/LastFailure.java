package dev.gapless.log;

import java.time.Instant;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * The last thing that went wrong, for status: what kind of error, without values from rows.
 *
 * @param at when it was noticed
 * @param type the class of the exception
 * @param message its text; of an error of the server only the primary message and the SQLSTATE
 */
public record LastFailure(Instant at, String type, String message) {

  /** What is known of this failure, which was noticed now. */
  public static LastFailure of(Throwable failure) {
    return new LastFailure(Instant.now(), failure.getClass().getSimpleName(), text(failure));
  }

  private static String text(Throwable failure) {
    if (failure instanceof PSQLException error) {
      ServerErrorMessage server = error.getServerErrorMessage();
      if (server != null) {
        return server.getMessage() + " (" + error.getSQLState() + ")";
      }
    }
    String message = failure.getMessage();
    return message == null ? "" : message;
  }
}
