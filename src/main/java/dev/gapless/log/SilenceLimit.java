package dev.gapless.log;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Bounds how long the server may be silent while work is done on a borrowed connection: without it
 * a network that swallows everything holds the caller's thread until TCP gives up.
 */
public final class SilenceLimit {
  private SilenceLimit() {}

  /** Work on a connection. */
  public interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /** The connection has its old limit again afterwards, if it still lives. */
  public static <T> T run(Connection connection, Duration limit, Work<T> work) throws SQLException {
    int before = connection.getNetworkTimeout();
    connection.setNetworkTimeout(Runnable::run, (int) limit.toMillis());
    try {
      return work.run(connection);
    } finally {
      if (!connection.isClosed()) {
        connection.setNetworkTimeout(Runnable::run, before);
      }
    }
  }
}
