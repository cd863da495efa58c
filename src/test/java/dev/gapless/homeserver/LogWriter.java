package dev.gapless.homeserver;

import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Writes events of files with plain SQL, as another program on the same database would. */
final class LogWriter {
  private static final String DATA =
      "'{\"content_hash\": \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}'::jsonb";

  private final TestDatabase database;

  LogWriter(TestDatabase database) {
    this.database = database;
  }

  Connection connect() throws SQLException {
    return database.dataSource().getConnection();
  }

  /** One event in a transaction of its own, with or without a notification. */
  void insert(boolean notify, String owner, String path) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      if (!notify) {
        statement.execute("SET gapless.notify = 'off'");
      }
      insert(connection, owner, path);
    }
  }

  /** One event in the connection's transaction; returns its position. */
  long insert(Connection connection, String owner, String path) throws SQLException {
    return insert(connection, owner, path, FileEvents.PUT);
  }

  void insertTyped(String owner, String path, String type) throws SQLException {
    try (Connection connection = connect()) {
      insert(connection, owner, path, type);
    }
  }

  /** Many events in one statement, {@code prefix} followed by 0, 1, 2 … */
  void insertMany(String owner, String prefix, int count) throws SQLException {
    try (Connection connection = connect();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO gapless.events (owner, path, type, data) SELECT ?, ? || i, 'PUT', "
                    + DATA
                    + " FROM generate_series(0, ? - 1) i")) {
      insert.setString(1, owner);
      insert.setString(2, prefix);
      insert.setInt(3, count);
      insert.executeUpdate();
    }
  }

  /** Lets time pass inside the connection's transaction. */
  void pause(Connection connection, int millis) throws SQLException {
    try (PreparedStatement sleep = connection.prepareStatement("SELECT pg_sleep(? / 1000.0)")) {
      sleep.setInt(1, millis);
      sleep.execute();
    }
  }

  /** Ends every session that listens (or sends a heartbeat); returns how many there were. */
  int terminateListeners() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet ended =
            statement.executeQuery(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    + " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    + " AND (query LIKE 'LISTEN %' OR query = 'SELECT 1')")) {
      ended.next();
      return ended.getInt(1);
    }
  }

  private static long insert(Connection connection, String owner, String path, String type)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO gapless.events (owner, path, type, data) VALUES (?, ?, ?, "
                + DATA
                + ") RETURNING id")) {
      insert.setString(1, owner);
      insert.setString(2, path);
      insert.setString(3, type);
      try (ResultSet position = insert.executeQuery()) {
        position.next();
        return position.getLong(1);
      }
    }
  }
}
