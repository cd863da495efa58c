package dev.gapless.files;

import dev.gapless.files.Listing.Entry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/**
 * Statements that list folders. Both read along the primary key: a deep page reads its own rows, a
 * shallow one makes one probe for each entry, however much lies below it.
 */
final class ListingRows {
  private static final String ATTRIBUTES = "size, content_hash, content_type, modified_at";

  /** The file, or the folder directly in the listed one, that stands for a path. */
  private static final String ENTRY =
      "CASE strpos(substr(path, ? + 1), '/') WHEN 0 THEN path"
          + " ELSE left(path, ? + strpos(substr(path, ? + 1), '/')) END AS name, "
          + ATTRIBUTES;

  private static final String IN_FOLDER =
      " FROM gapless.files WHERE owner = ? AND path >= ? AND path < ? AND path ";

  /** U+0001 is below every character of a path, the digit 0 just above the slash. */
  private static final String FIRST_AFTER_ENTRY =
      "CASE right(name, 1) WHEN '/' THEN left(name, -1) || '0' ELSE name || U&'\\0001' END";

  private ListingRows() {}

  static Listing list(Connection connection, ListingRequest request) throws SQLException {
    String sql = request.shallow() ? shallow(request.reverse()) : deep(request.reverse());
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, request);
      List<Entry> entries = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          entries.add(entry(rows));
        }
      }
      boolean more = entries.size() > request.limit();
      return new Listing(more ? entries.subList(0, request.limit()) : entries, more);
    }
  }

  private static Entry entry(ResultSet row) throws SQLException {
    String name = row.getString(1);
    if (name.endsWith("/")) {
      return new Entry.Folder(name);
    }
    return new Entry.File(
        name,
        row.getLong(2),
        FileRows.base64(row.getBytes(3)),
        row.getString(4),
        row.getObject(5, OffsetDateTime.class).toInstant());
  }

  private static String deep(boolean reverse) {
    return "SELECT path, "
        + ATTRIBUTES
        + IN_FOLDER
        + (reverse ? "< ? ORDER BY path DESC" : ">= ? ORDER BY path")
        + " LIMIT ?";
  }

  private static String shallow(boolean reverse) {
    String one = reverse ? " ORDER BY path DESC LIMIT 1" : " ORDER BY path LIMIT 1";
    String first = "SELECT " + ENTRY + IN_FOLDER + (reverse ? "< ?" : ">= ?") + one;
    String next =
        "SELECT " + ENTRY + IN_FOLDER + (reverse ? "< name" : ">= " + FIRST_AFTER_ENTRY) + one;
    return "WITH RECURSIVE entry AS (("
        + first
        + ") UNION ALL SELECT found.* FROM entry, LATERAL ("
        + next
        + ") AS found) SELECT * FROM entry LIMIT ?";
  }

  private static void bind(PreparedStatement statement, ListingRequest request)
      throws SQLException {
    int at = 1;
    for (int part = 0; part < (request.shallow() ? 2 : 1); part++) {
      if (request.shallow()) {
        int length = request.folder().codePointCount(0, request.folder().length());
        statement.setInt(at++, length);
        statement.setInt(at++, length);
        statement.setInt(at++, length);
      }
      statement.setString(at++, request.owner());
      statement.setString(at++, request.folder());
      statement.setString(at++, request.end());
      if (part == 0) {
        statement.setString(at++, request.start());
      }
    }
    statement.setInt(at, request.limit() + 1);
  }
}
