package dev.gapless.log;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Runs work in a transaction of a connection, whatever its autocommit is, and leaves it as found.
 */
final class Transactions {
  private Transactions() {}

  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /** In the caller's transaction if there is one, otherwise in one that ends with the work. */
  static <T> T run(Connection connection, Work<T> work) throws SQLException {
    if (!connection.getAutoCommit()) {
      return work.run(connection);
    }
    connection.setAutoCommit(false);
    T result;
    try {
      result = work.run(connection);
      connection.commit();
    } catch (SQLException | RuntimeException | Error e) {
      abandon(connection, e);
      throw e;
    }
    connection.setAutoCommit(true);
    return result;
  }

  private static void abandon(Connection connection, Throwable first) {
    try {
      connection.rollback();
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      first.addSuppressed(e);
    }
  }
}
