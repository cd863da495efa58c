package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Cause;
import dev.gapless.log.RetentionPolicy.Figures;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * Measures what {@link RetentionPolicy} decides by, and nothing that the settings do not ask for.
 *
 * <p>Size is PostgreSQL's, with indexes and TOAST. Events are counted row by row, not by position:
 * one large rollback would otherwise push everything before it out. The age of a partition is that
 * of its newest row, which need not be the highest: a clock that was set back, or wrong for a
 * moment, writes an old time above a newer one. So all its rows are looked at once the highest one
 * is old enough. Both are read in small pieces, and what was read once is remembered.
 *
 * <p>Not thread-safe.
 */
final class RetentionFigures {
  /** Some 20 ms each. */
  private static final int ROWS_AT_ONCE = 50_000;

  private static final String SIZE =
      """
      SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits
      WHERE inhparent = 'gapless.events'::regclass AND NOT inhdetachpending
      """;

  /** Written as in {@link PageStatement}, for the planner's sake. */
  private static final String COUNT =
      """
      SELECT count(*), max(id) FROM (
        SELECT id FROM gapless.events WHERE id > ? AND (id, 0) <= (?, 0) ORDER BY id LIMIT %d)
        AS part
      """
          .formatted(ROWS_AT_ONCE);

  private static final String NEWEST =
      """
      SELECT max(created_at), min(id) FROM (
        SELECT id, created_at FROM %s WHERE id < ? ORDER BY id DESC LIMIT %d) AS part
      """;

  private final RetentionSettings settings;

  private String datedPartition = "";
  private Optional<Instant> datedNewest = Optional.empty();

  /** A head of the history in which events were counted. */
  private Cursor countedUnder = Cursor.EARLIEST;

  /** When the last erasure was done: what was counted before may be gone. */
  private Optional<OffsetDateTime> countedAfter = Optional.empty();

  private long countedFrom;
  private long countedTo;
  private long counted;

  RetentionFigures(RetentionSettings settings) {
    this.settings = settings;
  }

  /** Why the oldest partition goes, if it does. */
  Optional<Cause> due(Connection connection, List<PartitionRange> ranges, Cursor head)
      throws SQLException {
    PartitionRange oldest = ranges.get(0);
    if (!RetentionPolicy.mayGo(ranges.size(), oldest.to(), head)) {
      return Optional.empty();
    }
    if (!isThere(connection, head)) {
      // decided in another history than the one that would be removed from
      return Optional.empty();
    }
    Instant databaseTime = databaseTime(connection);
    Instant nodeTime = Instant.now();
    Figures figures =
        new Figures(
            ranges.size(),
            oldest.to(),
            head,
            Retention.highest(connection, oldest.name()),
            HeadReads.create().retired(connection).orElse(Cursor.EARLIEST),
            settings.maxBytes().isPresent() ? bytes(connection) : 0,
            settings.maxEvents().isPresent() ? eventsAfter(connection, oldest.to() - 1, head) : 0,
            newest(connection, oldest, databaseTime, nodeTime),
            databaseTime,
            nodeTime);
    return RetentionPolicy.due(settings, figures);
  }

  private static boolean isThere(Connection connection, Cursor event) throws SQLException {
    return CursorRead.of(connection, event.position()).event().filter(event::equals).isPresent();
  }

  private static Instant databaseTime(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT clock_timestamp()");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getObject(1, OffsetDateTime.class).toInstant();
    }
  }

  private static long bytes(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SIZE);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  private static Optional<OffsetDateTime> lastErasure(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT max(done_at) FROM gapless.erasures");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return Optional.ofNullable(row.getObject(1, OffsetDateTime.class));
    }
  }

  private long eventsAfter(Connection connection, long after, Cursor head) throws SQLException {
    long wanted = settings.maxEvents().orElse(0);
    Optional<OffsetDateTime> erasedAt = lastErasure(connection);
    if (after != countedFrom
        || !erasedAt.equals(countedAfter)
        || !isThere(connection, countedUnder)) {
      countedAfter = erasedAt;
      countedFrom = after;
      countedTo = after;
      counted = 0;
    }
    // each event takes a position: there may not be enough of them yet
    boolean more = head.position() - countedTo >= wanted - counted;
    try (PreparedStatement statement = connection.prepareStatement(COUNT)) {
      while (more && counted < wanted) {
        statement.setLong(1, countedTo);
        statement.setLong(2, head.position());
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          counted += row.getLong(1);
          more = row.getLong(1) == ROWS_AT_ONCE;
          countedTo = more ? row.getLong(2) : head.position();
        }
      }
    }
    countedUnder = head;
    return counted;
  }

  private Optional<Instant> newest(
      Connection connection, PartitionRange oldest, Instant databaseTime, Instant nodeTime)
      throws SQLException {
    Optional<Instant> stays = RetentionPolicy.youngestToGo(settings, databaseTime, nodeTime);
    if (stays.isEmpty()) {
      return Optional.empty();
    }
    boolean known =
        oldest.name().equals(datedPartition)
            && datedNewest.filter(time -> !time.isBefore(stays.get())).isPresent();
    if (!known) {
      datedNewest = scan(connection, oldest, stays.get());
      datedPartition = oldest.name();
    }
    return datedNewest;
  }

  /** Of all rows, from the highest down to the first that stays. */
  private static Optional<Instant> scan(
      Connection connection, PartitionRange partition, Instant stays) throws SQLException {
    Optional<Instant> newest = Optional.empty();
    long below = partition.to();
    int rows = 1;
    while (newest.isEmpty() || newest.get().isBefore(stays)) {
      try (PreparedStatement statement =
          connection.prepareStatement(NEWEST.formatted(partition.name(), rows))) {
        statement.setLong(1, below);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          OffsetDateTime time = row.getObject(1, OffsetDateTime.class);
          if (time == null) {
            return newest;
          }
          Instant found = time.toInstant();
          newest = Optional.of(newest.filter(found::isBefore).orElse(found));
          below = row.getLong(2);
        }
      }
      rows = ROWS_AT_ONCE;
    }
    return newest;
  }
}
