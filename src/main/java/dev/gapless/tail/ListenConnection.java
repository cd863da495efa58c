package dev.gapless.tail;

import dev.gapless.log.LogNames;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * A connection that listens: to the channel of the log, and to one of its own by which it finds out
 * whether notifications arrive at all. Blocking, not thread-safe; every call ends within the
 * heartbeat's timeout.
 */
final class ListenConnection {
  private final ListenerSettings settings;
  private final Connection connection;
  private final String probeChannel;

  private ListenConnection(ListenerSettings settings, Connection connection, String probeChannel) {
    this.settings = settings;
    this.connection = connection;
    this.probeChannel = probeChannel;
  }

  static ListenConnection open(DataSource direct, ListenerSettings settings) throws SQLException {
    String probe =
        "gapless_probe_" + Long.toHexString(ThreadLocalRandom.current().nextLong() >>> 1);
    Connection connection = direct.getConnection();
    try {
      connection.setNetworkTimeout(Runnable::run, (int) settings.heartbeatTimeout().toMillis());
      // inside a transaction notifications are held back, and the driver does not say so
      connection.setAutoCommit(true);
      try (Statement statement = connection.createStatement()) {
        // one round trip; a standby refuses LISTEN by itself
        statement.execute("LISTEN " + LogNames.CHANNEL + ";LISTEN " + probe);
      }
      return new ListenConnection(settings, connection, probe);
    } catch (SQLException | RuntimeException e) {
      abort(connection);
      throw e;
    }
  }

  /** Waits a moment for notifications. */
  Arrived await() throws SQLException {
    PGNotification[] notifications =
        connection
            .unwrap(PGConnection.class)
            .getNotifications((int) settings.pollTimeout().toMillis());
    int events = 0;
    boolean probe = false;
    if (notifications != null) {
      for (PGNotification notification : notifications) {
        if (notification.getName().equals(LogNames.CHANNEL)) {
          events++;
        } else if (notification.getName().equals(probeChannel)) {
          probe = true;
        }
      }
    }
    return new Arrived(events, probe);
  }

  /** A round trip; fails when the server does not answer in time. */
  void heartbeat() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT 1");
    }
  }

  /**
   * Sends a notification to ourselves over another connection: over this one a pooler would deliver
   * it together with the answer.
   *
   * @return how much of the cluster's queue of notifications is in use, from 0 to 1
   */
  double sendProbe(DataSource direct) throws SQLException {
    try (Connection other = direct.getConnection()) {
      other.setNetworkTimeout(Runnable::run, (int) settings.heartbeatTimeout().toMillis());
      try (PreparedStatement statement =
          other.prepareStatement("SELECT pg_notify(?, ''), pg_notification_queue_usage()")) {
        statement.setString(1, probeChannel);
        try (ResultSet sent = statement.executeQuery()) {
          sent.next();
          return sent.getDouble(2);
        }
      }
    }
  }

  void close() {
    try {
      try (Statement statement = connection.createStatement()) {
        // it may go back to a pool
        statement.execute("UNLISTEN " + LogNames.CHANNEL);
        statement.execute("UNLISTEN " + probeChannel);
      }
      connection.close();
    } catch (SQLException e) {
      abort(connection);
    }
  }

  void abort() {
    abort(connection);
  }

  private static void abort(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException alreadyGone) {
      // nothing is left to release
    }
  }

  /**
   * @param events notifications of new events
   * @param probe whether our own came
   */
  record Arrived(int events, boolean probe) {}
}
