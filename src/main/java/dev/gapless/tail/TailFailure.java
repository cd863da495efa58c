package dev.gapless.tail;

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
public record TailFailure(Instant at, String type, String message) {

  static TailFailure of(Throwable failure) {
    return new TailFailure(Instant.now(), failure.getClass().getSimpleName(), text(failure));
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
