package dev.gapless.log;

import dev.gapless.event.Cursor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * What the log holds about a cursor, in one statement: the retired mark, the event at its position
 * and where the sequence stands. The mark is committed before its partition goes, so a statement
 * that misses an event because of retention sees the mark. Of an event that was erased the
 * fingerprint is kept until the mark has passed it: its cursor counts as there.
 *
 * @param event the cursor of the event at the position, also if it was erased
 */
record CursorRead(Optional<Cursor> retired, Optional<Cursor> event, long lastValue) {
  private static final String ONE =
      """
      SELECT e.id, e.owner, e.path, e.type, e.created_at, r.position, r.fingerprint,
             coalesce(pg_sequence_last_value(
               pg_get_serial_sequence('gapless.events', 'id')::regclass), 0),
             NOT pg_is_in_recovery() AND current_setting('transaction_isolation') = 'read committed',
             one.position,
             CASE WHEN e.id IS NULL THEN
               (SELECT x.fingerprint FROM gapless.erased x WHERE x.id = one.position) END
      FROM (VALUES (?::bigint)) AS one (position)
      LEFT JOIN gapless.retired r ON true
      LEFT JOIN gapless.events e ON e.id = one.position
      """;

  /** Of two positions, without the sequence: a page needs no more, and each page has one. */
  private static final String TWO =
      """
      SELECT e.id, e.owner, e.path, e.type, e.created_at, r.position, r.fingerprint, 0,
             NOT pg_is_in_recovery() AND current_setting('transaction_isolation') = 'read committed',
             wanted.position,
             CASE WHEN e.id IS NULL THEN
               (SELECT x.fingerprint FROM gapless.erased x WHERE x.id = wanted.position) END
      FROM (VALUES (1, ?::bigint), (2, ?::bigint)) AS wanted (n, position)
      LEFT JOIN gapless.retired r ON true
      LEFT JOIN LATERAL (
        SELECT * FROM gapless.events AS here WHERE here.id = wanted.position OFFSET 0) AS e ON true
      ORDER BY wanted.n
      """;

  /** read_only_sql_transaction: what a write to a standby would fail with. */
  private static final String NOT_SERVED_HERE = "25006";

  /**
   * @throws SQLException also on a standby, which lags behind, and in a transaction that keeps its
   *     first snapshot: the later statement would not be later
   */
  static CursorRead of(Connection connection, long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ONE)) {
      statement.setLong(1, position);
      try (ResultSet row = statement.executeQuery()) {
        return next(row);
      }
    }
  }

  /** Of a page: where it begins, and what bounds it. Neither knows {@code lastValue}. */
  record Pair(CursorRead start, CursorRead bound) {}

  /** As {@link #of}, for two positions. */
  static Pair of(Connection connection, long start, long bound) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TWO)) {
      statement.setLong(1, start);
      statement.setLong(2, bound);
      try (ResultSet row = statement.executeQuery()) {
        return new Pair(next(row), next(row));
      }
    }
  }

  private static CursorRead next(ResultSet row) throws SQLException {
    row.next();
    if (!row.getBoolean(9)) {
      throw new SQLException(
          "the log is served from a primary and in READ COMMITTED only", NOT_SERVED_HERE);
    }
    Optional<Cursor> retired =
        row.getObject(6) == null
            ? Optional.empty()
            : Optional.of(new Cursor(row.getLong(6), row.getInt(7)));
    return new CursorRead(retired, event(row), row.getLong(8));
  }

  private static Optional<Cursor> event(ResultSet row) throws SQLException {
    if (row.getObject(1) != null) {
      return Optional.of(EventRows.cursor(row));
    }
    return row.getObject(11) == null
        ? Optional.empty()
        : Optional.of(new Cursor(row.getLong(10), row.getInt(11)));
  }

  /** Where the retained log begins. */
  Cursor earliest() {
    return retired.orElse(Cursor.EARLIEST);
  }

  /**
   * Why the cursor cannot be continued, if so. A bare one is lost only if events above it were
   * removed.
   */
  Optional<EventLog.LostReason> lost(Cursor cursor) {
    if (cursor.isEarliest()) {
      return Optional.empty();
    }
    long mark = earliest().position();
    if (mark > cursor.position()) {
      return Optional.of(EventLog.LostReason.RETENTION);
    }
    if (cursor.isBare()) {
      return Optional.empty();
    }
    Optional<Cursor> there = mark == cursor.position() ? retired : event;
    return there.isPresent() && there.get().equals(cursor)
        ? Optional.empty()
        : Optional.of(EventLog.LostReason.DIVERGED);
  }
}
