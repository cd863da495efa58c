package dev.gapless.files;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Statements on files and their owners. */
final class FileRows {
  /** What an owner may use and uses, in bytes. */
  record Usage(OptionalLong quota, long used) {
    static final Usage NONE = new Usage(OptionalLong.empty(), 0);
  }

  private FileRows() {}

  static void register(Connection connection, String owner) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO gapless.file_owners (owner) VALUES (?) ON CONFLICT (owner) DO NOTHING")) {
      statement.setString(1, owner);
      statement.executeUpdate();
    }
  }

  /** Locks the owner to the end of the transaction; empty if there is none. */
  static Optional<Usage> lock(Connection connection, String owner) throws SQLException {
    return usage(connection, owner, " FOR UPDATE");
  }

  static Optional<Usage> usage(Connection connection, String owner) throws SQLException {
    return usage(connection, owner, "");
  }

  static void addUsed(Connection connection, String owner, long bytes) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.file_owners SET used_bytes = used_bytes + ? WHERE owner = ?")) {
      statement.setLong(1, bytes);
      statement.setString(2, owner);
      statement.executeUpdate();
    }
  }

  static void setQuota(Connection connection, String owner, OptionalLong bytes)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO gapless.file_owners (owner, quota_bytes) VALUES (?, ?)"
                + " ON CONFLICT (owner) DO UPDATE SET quota_bytes = excluded.quota_bytes")) {
      statement.setString(1, owner);
      statement.setObject(2, bytes.isPresent() ? bytes.getAsLong() : null, java.sql.Types.BIGINT);
      statement.executeUpdate();
    }
  }

  /** Which of the owners are registered. */
  static Set<String> registered(Connection connection, Collection<String> owners)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT owner FROM gapless.file_owners WHERE owner = ANY (?)")) {
      statement.setArray(1, connection.createArrayOf("text", owners.toArray()));
      Set<String> found = new HashSet<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
      return found;
    }
  }

  static Optional<StoredFile> find(Connection connection, FileKey key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT size, content_hash, content_type, modified_at, version, chunk_bytes"
                + " FROM gapless.files JOIN gapless.file_versions USING (version)"
                + " WHERE owner = ? AND path = ?")) {
      statement.setString(1, key.owner());
      statement.setString(2, key.path());
      try (ResultSet rows = statement.executeQuery()) {
        if (!rows.next()) {
          return Optional.empty();
        }
        return Optional.of(
            new StoredFile(
                key,
                rows.getLong(1),
                base64(rows.getBytes(2)),
                rows.getString(3),
                rows.getObject(4, OffsetDateTime.class).toInstant(),
                rows.getLong(5),
                rows.getInt(6)));
      }
    }
  }

  /** Whether the path is a folder, or one of the folders it lies in is a file. */
  static boolean collides(Connection connection, FileKey key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT EXISTS (SELECT FROM gapless.files WHERE owner = ? AND path = ANY (?))"
                + " OR EXISTS (SELECT FROM gapless.files"
                + " WHERE owner = ? AND path >= ? AND path < ?)")) {
      statement.setString(1, key.owner());
      statement.setArray(2, connection.createArrayOf("text", ancestors(key.path()).toArray()));
      statement.setString(3, key.owner());
      statement.setString(4, key.path() + '/');
      statement.setString(5, key.path() + '0');
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getBoolean(1);
      }
    }
  }

  /** Returns when the file was modified. */
  static Instant put(
      Connection connection, FileKey key, Staged staged, String contentType, long version)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO gapless.files AS f"
                + " (owner, path, version, size, content_hash, content_type, modified_at)"
                + " VALUES (?, ?, ?, ?, ?, ?, clock_timestamp())"
                + " ON CONFLICT (owner, path) DO UPDATE SET version = excluded.version,"
                + " size = excluded.size, content_hash = excluded.content_hash,"
                + " content_type = excluded.content_type, modified_at = excluded.modified_at"
                + " RETURNING modified_at")) {
      statement.setString(1, key.owner());
      statement.setString(2, key.path());
      statement.setLong(3, version);
      statement.setLong(4, staged.size());
      statement.setBytes(5, Base64.getDecoder().decode(staged.contentHash()));
      statement.setString(6, contentType);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getObject(1, OffsetDateTime.class).toInstant();
      }
    }
  }

  static void delete(Connection connection, FileKey key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("DELETE FROM gapless.files WHERE owner = ? AND path = ?")) {
      statement.setString(1, key.owner());
      statement.setString(2, key.path());
      statement.executeUpdate();
    }
  }

  /** Removes the files of the owner and then the owner. */
  static void deleteOwner(Connection connection, String owner) throws SQLException {
    for (String table : List.of("gapless.files", "gapless.file_owners")) {
      try (PreparedStatement statement =
          connection.prepareStatement("DELETE FROM " + table + " WHERE owner = ?")) {
        statement.setString(1, owner);
        statement.executeUpdate();
      }
    }
  }

  static String base64(byte[] hash) {
    return Base64.getEncoder().encodeToString(hash);
  }

  private static List<String> ancestors(String path) {
    List<String> ancestors = new ArrayList<>();
    for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      ancestors.add(path.substring(0, slash));
    }
    return ancestors;
  }

  private static Optional<Usage> usage(Connection connection, String owner, String suffix)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT quota_bytes, used_bytes FROM gapless.file_owners WHERE owner = ?" + suffix)) {
      statement.setString(1, owner);
      try (ResultSet rows = statement.executeQuery()) {
        if (!rows.next()) {
          return Optional.empty();
        }
        long quota = rows.getLong(1);
        OptionalLong own = rows.wasNull() ? OptionalLong.empty() : OptionalLong.of(quota);
        return Optional.of(new Usage(own, rows.getLong(2)));
      }
    }
  }
}
