package dev.gapless.log;

import dev.gapless.event.Cursor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;

/**
 * How much of the log there is, and how far back it goes.
 *
 * @param partitions attached ones, those that stand ready included
 * @param bytes what they take, with indexes and TOAST
 * @param earliest the oldest cursor that can be continued: the last event removed; 0 if none was
 * @param oldestAt when the oldest event was written that is still there
 * @param measuredAt when this was so
 */
public record LogExtent(
    int partitions, long bytes, Cursor earliest, Optional<Instant> oldestAt, Instant measuredAt) {
  private static final String SIZE =
      """
      SELECT count(*), coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits
      WHERE inhparent = 'gapless.events'::regclass AND NOT inhdetachpending
      """;

  private static final String OLDEST =
      "SELECT created_at FROM gapless.events WHERE id > ? ORDER BY id LIMIT 1";

  static LogExtent read(Connection connection) throws SQLException {
    Cursor earliest = HeadReads.create().retired(connection).orElse(Cursor.EARLIEST);
    Optional<Instant> oldestAt = oldestAt(connection, earliest.position());
    try (PreparedStatement statement = connection.prepareStatement(SIZE);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return new LogExtent(row.getInt(1), row.getLong(2), earliest, oldestAt, Instant.now());
    }
  }

  private static Optional<Instant> oldestAt(Connection connection, long mark) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(OLDEST)) {
      statement.setLong(1, mark);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(row.getObject(1, OffsetDateTime.class).toInstant())
            : Optional.empty();
      }
    }
  }
}
