package dev.gapless.log;

import dev.gapless.event.Event;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Reads a result of events in portions, so that neither many nor huge rows fill the memory: a row
 * takes up to half a megabyte, most take a few hundred bytes. Works inside a transaction only,
 * where PostgreSQL keeps the result open between portions.
 */
final class BoundedRows {
  private static final int FIRST_PORTION = 16;
  private static final int LARGEST_PORTION = 512;

  /** What an event takes beside its texts. */
  private static final int OVERHEAD = 128;

  private BoundedRows() {}

  interface RowReader {
    /** Returns what the row takes in memory. */
    long read(ResultSet row) throws SQLException;
  }

  /**
   * Reads rows until the result ends or they take {@code maxBytes}; at least one.
   *
   * @return whether the result was read to its end
   */
  static boolean read(PreparedStatement statement, long maxBytes, RowReader reader)
      throws SQLException {
    statement.setFetchSize(FIRST_PORTION);
    try (ResultSet row = statement.executeQuery()) {
      long bytes = 0;
      int rows = 0;
      while (row.next()) {
        bytes += reader.read(row);
        rows++;
        if (bytes >= maxBytes) {
          return false;
        }
        long fitting = (maxBytes - bytes) / (bytes / rows + 1) + 1;
        row.setFetchSize((int) Math.min(LARGEST_PORTION, Math.max(FIRST_PORTION, fitting)));
      }
      return true;
    }
  }

  static long size(Event event) {
    return OVERHEAD
        + event.path().length()
        + event.data().map(String::length).orElse(0)
        + event.traceparent().map(String::length).orElse(0);
  }
}
