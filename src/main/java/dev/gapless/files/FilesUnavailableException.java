package dev.gapless.files;

import java.sql.SQLException;

/**
 * The database could not answer. Its message is safe to log; that of its cause, the driver's, may
 * show owners and paths.
 */
public final class FilesUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FilesUnavailableException(SQLException cause) {
    super("database failed, SQLSTATE " + cause.getSQLState(), cause);
  }
}
