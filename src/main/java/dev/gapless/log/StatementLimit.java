package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/** Bounds how long the server works on, or waits in, each statement of some work. */
final class StatementLimit {
  private static final String KEY = "statement_timeout";

  private StatementLimit() {}

  /**
   * The session has its old limit again afterwards, if it still lives.
   *
   * @param connection in autocommit: a rollback would take the limit back
   */
  static <T> T run(Connection connection, Duration limit, SilenceLimit.Work<T> work)
      throws SQLException {
    String before = current(connection);
    set(connection, limit.toMillis() + "ms");
    T result;
    try {
      result = work.run(connection);
    } catch (SQLException | RuntimeException e) {
      try {
        set(connection, before);
      } catch (SQLException lostWithItsConnection) {
        e.addSuppressed(lostWithItsConnection);
      }
      throw e;
    }
    set(connection, before);
    return result;
  }

  private static String current(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT current_setting(?)")) {
      statement.setString(1, KEY);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  private static void set(Connection connection, String value) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT set_config(?, ?, false)")) {
      statement.setString(1, KEY);
      statement.setString(2, value);
      statement.execute();
    }
  }
}
