package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

final class JdbcHeadReads implements HeadReads {
  /**
   * The anchor comes without its data, which may be large: every idle poll reads it. The upper
   * bound is written as in {@link PageStatement}, for the planner's sake.
   */
  private static final String ROWS =
      """
      SELECT id, owner, path, type, CASE WHEN id > ? THEN data::text END, created_at,
             traceparent%s
      FROM gapless.events WHERE id >= ? AND (id, 0) <= (?, 0) ORDER BY id LIMIT ?
      """;

  private static final String PLAIN_ROWS = ROWS.formatted("");

  /** Null for rows that are frozen or older than what the server keeps, never an error. */
  private static final String TIMED_ROWS = ROWS.formatted(", pg_xact_commit_timestamp(xmin)");

  private static final int COMMITTED_AT = 8;

  /**
   * pg_locks is looked at once: two looks in one statement could each miss what the other saw. The
   * sequence is found by the column it belongs to, whatever its name.
   */
  private static final String LOCKS =
      """
      WITH seq AS MATERIALIZED (
        SELECT pg_get_serial_sequence('gapless.events', 'id')::regclass::oid AS oid)
      SELECT pg_is_in_recovery(),
             coalesce(pg_sequence_last_value(seq.oid::regclass), 0),
             coalesce(bool_or(l.locktype = 'advisory'), false),
             array_agg(DISTINCT l.virtualtransaction)
               FILTER (WHERE l.locktype = 'relation' AND l.virtualtransaction IS NOT NULL),
             coalesce(bool_or(l.locktype = 'relation' AND l.pid IS NULL), false)
      FROM seq LEFT JOIN pg_locks l
        ON l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.locktype = 'relation' AND l.relation = seq.oid AND l.mode = 'RowExclusiveLock'
            OR l.locktype = 'advisory' AND l.objsubid = 1
               AND l.classid = %d::oid AND l.objid = %d::oid)
      GROUP BY seq.oid
      """
          .formatted(LogNames.ELECTION_LOCK_KEY >>> 32, LogNames.ELECTION_LOCK_KEY & 0xffff_ffffL);

  /** A prepared transaction has no pid; it is found by the transaction id it keeps locked. */
  private static final String BLOCKERS =
      """
      SELECT l.virtualtransaction, coalesce(max(l.pid), 0),
             coalesce(max(a.application_name), max(p.gid), '')
      FROM pg_locks l
      LEFT JOIN pg_stat_activity a ON a.pid = l.pid
      LEFT JOIN pg_prepared_xacts p
        ON l.locktype = 'transactionid' AND l.pid IS NULL AND p.transaction = l.transactionid
      WHERE l.virtualtransaction = ANY (?)
      GROUP BY l.virtualtransaction
      ORDER BY l.virtualtransaction
      """;

  /** One snapshot: what is erased is forgotten only after the mark has passed it. */
  private static final String REMOVED =
      """
      SELECT r.position, r.fingerprint, x.id, x.fingerprint
      FROM (VALUES (?::bigint)) AS one (position)
      LEFT JOIN gapless.retired r ON true
      LEFT JOIN gapless.erased x ON x.id = one.position
      """;

  private static final String STORE_DECIDED =
      """
      INSERT INTO gapless.decided (position, fingerprint) VALUES (?, ?)
      ON CONFLICT (only_row) DO UPDATE
        SET position = excluded.position, fingerprint = excluded.fingerprint
        WHERE ? OR decided.position < excluded.position
      """;

  /** Looks at a row, after the event was read from it. */
  private interface Look {
    void at(Event event, ResultSet row) throws SQLException;
  }

  @Override
  public List<Event> rows(Connection connection, long from, long upTo, int limit, long maxBytes)
      throws SQLException {
    return rows(connection, PLAIN_ROWS, from, upTo, limit, maxBytes, (event, row) -> {});
  }

  @Override
  public boolean keepsCommitTimes(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT current_setting('track_commit_timestamp') = 'on'");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getBoolean(1);
    }
  }

  @Override
  public TimedRows timedRows(Connection connection, long from, long upTo, int limit, long maxBytes)
      throws SQLException {
    CommitTimes.Builder times = new CommitTimes.Builder();
    List<Event> events =
        rows(
            connection,
            TIMED_ROWS,
            from,
            upTo,
            limit,
            maxBytes,
            (event, row) -> {
              OffsetDateTime committed = row.getObject(COMMITTED_AT, OffsetDateTime.class);
              if (committed != null && event.position() != from) {
                times.add(
                    event.position(),
                    ChronoUnit.MICROS.between(Instant.EPOCH, committed.toInstant()));
              }
            });
    return new TimedRows(events, times.build());
  }

  private static List<Event> rows(
      Connection connection, String sql, long from, long upTo, int limit, long maxBytes, Look look)
      throws SQLException {
    return Transactions.run(
        connection,
        tx -> {
          try (PreparedStatement statement = tx.prepareStatement(sql)) {
            statement.setLong(1, from);
            statement.setLong(2, from);
            statement.setLong(3, upTo);
            statement.setInt(4, limit);
            List<Event> events = new ArrayList<>();
            EventRows decoder = new EventRows();
            BoundedRows.read(
                statement,
                maxBytes,
                row -> {
                  Event event = decoder.read(row);
                  events.add(event);
                  look.at(event, row);
                  return event.position() == from ? 0 : BoundedRows.size(event);
                });
            return events;
          }
        });
  }

  @Override
  public LockRead locks(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCKS);
        ResultSet row = statement.executeQuery()) {
      row.next();
      Array holders = row.getArray(4);
      return new LockRead(
          holders == null ? Set.of() : Set.of((String[]) holders.getArray()),
          row.getBoolean(3),
          row.getLong(2),
          row.getBoolean(1),
          row.getBoolean(5));
    }
  }

  @Override
  public List<Blocker> blockers(Connection connection, Set<String> virtualTransactions)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(BLOCKERS)) {
      statement.setArray(1, connection.createArrayOf("text", virtualTransactions.toArray()));
      List<Blocker> blockers = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          blockers.add(new Blocker(row.getString(1), row.getInt(2), row.getString(3)));
        }
      }
      return blockers;
    }
  }

  @Override
  public Optional<Cursor> retired(Connection connection) throws SQLException {
    return mark(connection, "SELECT position, fingerprint FROM gapless.retired");
  }

  @Override
  public Removed removed(Connection connection, long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(REMOVED)) {
      statement.setLong(1, position);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new Removed(cursor(row, 1), cursor(row, 3));
      }
    }
  }

  private static Optional<Cursor> cursor(ResultSet row, int column) throws SQLException {
    return row.getObject(column) == null
        ? Optional.empty()
        : Optional.of(new Cursor(row.getLong(column), row.getInt(column + 1)));
  }

  @Override
  public Optional<Cursor> decided(Connection connection) throws SQLException {
    return mark(connection, "SELECT position, fingerprint FROM gapless.decided");
  }

  @Override
  public void storeDecided(Connection connection, Cursor decided, boolean replace)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STORE_DECIDED)) {
      statement.setLong(1, decided.position());
      statement.setInt(2, decided.fingerprint());
      statement.setBoolean(3, replace);
      statement.executeUpdate();
    }
  }

  @Override
  public Optional<Cursor> highestVisible(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement(
                "SELECT "
                    + EventRows.COLUMNS_OF_CURSOR
                    + " FROM gapless.events ORDER BY id DESC LIMIT 1");
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(EventRows.cursor(row)) : Optional.empty();
    }
  }

  private static Optional<Cursor> mark(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? cursor(row, 1) : Optional.empty();
    }
  }
}
