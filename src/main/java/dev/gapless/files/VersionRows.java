package dev.gapless.files;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.PGStatement;

/** Statements on versions and their chunks. */
final class VersionRows {
  private static final String FROM_NOW = "clock_timestamp() + ? * interval '1 millisecond'";

  private VersionRows() {}

  /** Stages a new version with its first chunk, if it has any. */
  static long stage(Connection connection, int chunkBytes, Duration keep, Optional<byte[]> first)
      throws SQLException {
    String version =
        "INSERT INTO gapless.file_versions (chunk_bytes, keep_until) VALUES (?, "
            + FROM_NOW
            + ") RETURNING version";
    String sql =
        first.isEmpty()
            ? version
            : "WITH staged AS ("
                + version
                + "), chunk AS (INSERT INTO gapless.file_chunks SELECT version, 0, ? FROM staged)"
                + " SELECT version FROM staged";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, chunkBytes);
      statement.setLong(2, keep.toMillis());
      if (first.isPresent()) {
        statement.setBytes(3, first.get());
      }
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getLong(1);
      }
    }
  }

  /** Fails if the version is no longer there: its foreign key says so. */
  static void addChunk(Connection connection, long version, int number, byte[] bytes)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO gapless.file_chunks (version, number, bytes) VALUES (?, ?, ?)")) {
      statement.setLong(1, version);
      statement.setInt(2, number);
      statement.setBytes(3, bytes);
      statement.executeUpdate();
    }
  }

  /** Keeps the version at least that much longer. Returns whether it is still there. */
  static boolean keep(Connection connection, long version, Duration time) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_versions SET keep_until = greatest(keep_until, "
                + FROM_NOW
                + ") WHERE version = ?")) {
      statement.setLong(1, time.toMillis());
      statement.setLong(2, version);
      return statement.executeUpdate() == 1;
    }
  }

  /** Makes a staged version removable at once. */
  static void abandon(Connection connection, long version) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_versions SET keep_until = '-infinity'"
                + " WHERE version = ? AND NOT linked")) {
      statement.setLong(1, version);
      statement.executeUpdate();
    }
  }

  /** Returns whether the staged version was still there. */
  static boolean link(Connection connection, long version) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_versions SET linked = true, keep_until = clock_timestamp()"
                + " WHERE version = ? AND NOT linked")) {
      statement.setLong(1, version);
      return statement.executeUpdate() == 1;
    }
  }

  static void unlink(Connection connection, long version, Duration grace) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_versions SET linked = false, keep_until = greatest(keep_until, "
                + FROM_NOW
                + ") WHERE version = ?")) {
      statement.setLong(1, grace.toMillis());
      statement.setLong(2, version);
      statement.executeUpdate();
    }
  }

  static void unlinkAll(Connection connection, String owner, Duration grace) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_versions SET linked = false, keep_until = greatest(keep_until, "
                + FROM_NOW
                + ") WHERE version IN (SELECT version FROM gapless.files WHERE owner = ?)")) {
      statement.setLong(1, grace.toMillis());
      statement.setString(2, owner);
      statement.executeUpdate();
    }
  }

  /** Waits until no transaction that changed the version is in flight. */
  static void awaitWriters(Connection connection, long version) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT FROM gapless.file_versions WHERE version = ? FOR UPDATE")) {
      statement.setLong(1, version);
      statement.executeQuery().close();
    }
  }

  /** Empty if the version is no longer there. */
  static Optional<byte[]> chunk(Connection connection, long version, int number)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT bytes FROM gapless.file_chunks WHERE version = ? AND number = ?")) {
      // binary from the first time on: text doubles the bytes on the wire
      statement.unwrap(PGStatement.class).setPrepareThreshold(-1);
      statement.setLong(1, version);
      statement.setInt(2, number);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? Optional.of(rows.getBytes(1)) : Optional.empty();
      }
    }
  }

  /** Versions that nobody needs any more, the oldest first. */
  static List<Long> removable(Connection connection, int limit) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT version FROM gapless.file_versions"
                + " WHERE NOT linked AND keep_until < clock_timestamp()"
                + " ORDER BY keep_until LIMIT ?")) {
      statement.setInt(1, limit);
      List<Long> versions = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          versions.add(rows.getLong(1));
        }
      }
      return versions;
    }
  }

  /** Removes the version with its chunks unless it is needed again or another node is at it. */
  static boolean remove(Connection connection, long version) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM gapless.file_versions WHERE version IN ("
                + "SELECT version FROM gapless.file_versions"
                + " WHERE version = ? AND NOT linked AND keep_until < clock_timestamp()"
                + " FOR UPDATE SKIP LOCKED)")) {
      statement.setLong(1, version);
      return statement.executeUpdate() == 1;
    }
  }
}
