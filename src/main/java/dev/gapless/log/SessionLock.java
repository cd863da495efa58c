package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Work that one session of all nodes does at a time. An advisory lock of the session and not of a
 * transaction: the work has transactions of its own, or may not be in one.
 */
final class SessionLock {
  private SessionLock() {}

  /**
   * Waits for nobody.
   *
   * @param work must not answer null
   * @return empty if another session is at it
   */
  static <T> Optional<T> tryRun(Connection connection, long key, SilenceLimit.Work<T> work)
      throws SQLException {
    if (!is(connection, "SELECT pg_try_advisory_lock(?)", key)) {
      return Optional.empty();
    }
    T result;
    try {
      result = work.run(connection);
    } catch (SQLException | RuntimeException e) {
      try {
        unlock(connection, key);
      } catch (SQLException lostWithItsConnection) {
        e.addSuppressed(lostWithItsConnection);
      }
      throw e;
    }
    unlock(connection, key);
    return Optional.of(result);
  }

  private static void unlock(Connection connection, long key) throws SQLException {
    is(connection, "SELECT pg_advisory_unlock(?)", key);
  }

  private static boolean is(Connection connection, String sql, long key) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, key);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }
}
