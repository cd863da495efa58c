package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * A partition of the log.
 *
 * @param name with its schema, ready for a statement
 * @param from its first position
 * @param to the first position beyond it
 * @param detachPending its removal was begun and not finished
 */
record PartitionRange(String name, long from, long to, boolean detachPending) {
  /** Without naming the table to pg_get_expr, which would wait for whoever has it locked. */
  private static final String SQL =
      """
      SELECT i.inhrelid::regclass::text, b[1]::bigint, b[2]::bigint, i.inhdetachpending
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
      CROSS JOIN LATERAL regexp_match(
        pg_get_expr(c.relpartbound, 0), 'FROM \\(''(\\d+)''\\) TO \\(''(\\d+)''\\)') AS b
      WHERE i.inhparent = 'gapless.events'::regclass AND b IS NOT NULL
      ORDER BY 2
      """;

  /** All that are attached, or were not detached to the end, in the order of their positions. */
  static List<PartitionRange> all(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SQL);
        ResultSet row = statement.executeQuery()) {
      List<PartitionRange> ranges = new ArrayList<>();
      while (row.next()) {
        ranges.add(
            new PartitionRange(
                row.getString(1), row.getLong(2), row.getLong(3), row.getBoolean(4)));
      }
      return ranges;
    }
  }
}
