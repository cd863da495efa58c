package dev.gapless.log;

import dev.gapless.event.Cursor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Removes the oldest partition of the log, without making a writer or a reader wait.
 *
 * <p>First the retired mark is committed, from then on readers answer a cursor below it with a
 * reset. Then the partition is detached concurrently, which waits for every transaction that has
 * used the log and blocks none (a plain DROP would queue all writers behind the longest of them),
 * then dropped. A crash in between leaves work that the next call finishes. One node at a time
 * works; the others return at once.
 *
 * <p>A detach that does not get through in time is given up. It leaves the partition pending: no
 * statement that begins later sees its rows, nobody waits for it, partitions can be added; only no
 * other can be detached. The next call ends it with FINALIZE, which waits only for older snapshots,
 * but keeps a lock meanwhile that adding a partition needs: so it is tried for a moment only.
 *
 * <p>Immutable and thread-safe.
 */
public final class Retention {
  private static final String HIGHEST =
      "SELECT " + EventRows.COLUMNS_OF_CURSOR + " FROM %s ORDER BY id DESC LIMIT 1";

  private static final String STORE_MARK =
      """
      INSERT INTO gapless.retired (position, fingerprint) VALUES (?, ?)
      ON CONFLICT (only_row) DO UPDATE
        SET position = excluded.position, fingerprint = excluded.fingerprint
        WHERE retired.position < excluded.position
      """;

  /** Tells what we remove from what somebody else has detached, perhaps to keep it. */
  private static final String REMARK = "gapless: being removed";

  /** Detached by a call that did not live to drop them. */
  private static final String LEFT_OVER =
      """
      SELECT c.oid::regclass::text FROM pg_class c
      WHERE c.relnamespace = 'gapless'::regnamespace AND c.relkind = 'r'
        AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') = '%s'
      ORDER BY c.oid LIMIT 1
      """
          .formatted(REMARK);

  /** Less than {@link Partitions} waits, which cannot add one meanwhile. */
  private static final Duration FINALIZE_LIMIT = Duration.ofMillis(500);

  /** Longer than it takes autovacuum to make way for others (deadlock_timeout, 1 s). */
  private static final Duration LOCK_LIMIT = Duration.ofSeconds(2);

  /** Cancelled (by a time limit or somebody), lock not available, deadlock. */
  private static final Set<String> GIVEN_UP = Set.of("57014", "55P03", "40P01");

  private final Duration detachLimit;

  private Retention(Duration detachLimit) {
    this.detachLimit = detachLimit;
  }

  /**
   * @param detachLimit how long a call may wait for transactions of others
   */
  public static Retention create(Duration detachLimit) {
    return new Retention(detachLimit);
  }

  /** Why a partition goes. */
  public enum Cause {
    /** The caller's bound. */
    ASKED,
    /** An earlier call had told readers already that it is gone. */
    UNFINISHED,
    /** It never held an event that was committed, or all were erased. */
    EMPTY,
    /** Its newest event is too old. */
    AGE,
    /** The log takes too much room. */
    BYTES,
    /** Enough events are there without it. */
    EVENTS
  }

  /** What a call did. */
  public sealed interface Outcome {
    /**
     * A partition is gone.
     *
     * @param bytes what it took
     * @param mark the retired mark now; empty if nothing that was ever removed held an event
     */
    record Removed(String partition, long bytes, Optional<Cursor> mark, Cause cause)
        implements Outcome {}

    /** The oldest partition stays; or is the last. */
    record NothingToRemove() implements Outcome {}

    /** Another session is at it, perhaps waiting for a long transaction. */
    record Busy() implements Outcome {}

    /** Transactions of others, or a vacuum, did not make way in time. The next call goes on. */
    record Waiting(String partition) implements Outcome {}
  }

  /** Decides, while no other session removes anything, whether the oldest partition goes. */
  interface Rule {
    /**
     * @param ranges at least two, the oldest first
     */
    Optional<Cause> due(Connection connection, List<PartitionRange> ranges) throws SQLException;
  }

  /**
   * Removes the oldest partition if all its positions are at or below {@code bound}; or, in its
   * place, one whose removal an earlier call has begun.
   *
   * @param connection in autocommit, to a primary, not used by anybody else
   * @param bound never above the decided head: a position that is not decided may still be filled
   * @throws IllegalStateException if the connection is in a transaction
   */
  public Outcome removeOldest(Connection connection, long bound) throws SQLException {
    return removeOldest(
        connection,
        (alone, ranges) ->
            ranges.get(0).to() - 1 <= bound ? Optional.of(Cause.ASKED) : Optional.empty());
  }

  Outcome removeOldest(Connection connection, Rule rule) throws SQLException {
    if (!connection.getAutoCommit()) {
      throw new IllegalStateException("a partition cannot be detached inside a transaction");
    }
    return SessionLock.tryRun(
            connection, LogNames.RETENTION_LOCK_KEY, alone -> removeOldestAlone(alone, rule))
        .orElseGet(Outcome.Busy::new);
  }

  private Outcome removeOldestAlone(Connection connection, Rule rule) throws SQLException {
    try {
      finishPending(connection);
      Optional<String> leftOver = leftOver(connection);
      if (leftOver.isPresent()) {
        return drop(connection, leftOver.get(), Cause.UNFINISHED);
      }
      List<PartitionRange> ranges = PartitionRange.all(connection);
      Optional<Cause> cause = ranges.size() < 2 ? Optional.empty() : rule.due(connection, ranges);
      return cause.isPresent()
          ? remove(connection, ranges.get(0).name(), cause.get())
          : new Outcome.NothingToRemove();
    } catch (GivenUpException e) {
      return new Outcome.Waiting(e.partition);
    }
  }

  private Outcome remove(Connection connection, String oldest, Cause cause)
      throws SQLException, GivenUpException {
    Optional<Cursor> highest = highest(connection, oldest);
    // a vacuum of the partition keeps the remark waiting, which holds up nobody: in the detach it
    // would hold up whoever adds a partition
    attempt(
        connection,
        LOCK_LIMIT,
        oldest,
        open ->
            Transactions.run(
                open,
                tx -> {
                  execute(tx, "COMMENT ON TABLE " + oldest + " IS '" + REMARK + "'");
                  if (highest.isPresent()) {
                    storeMark(tx, highest.get());
                  }
                  return oldest;
                }));
    attempt(
        connection,
        detachLimit,
        oldest,
        "ALTER TABLE gapless.events DETACH PARTITION " + oldest + " CONCURRENTLY");
    return drop(connection, oldest, cause);
  }

  private static void finishPending(Connection connection) throws SQLException, GivenUpException {
    for (PartitionRange range : PartitionRange.all(connection)) {
      if (range.detachPending()) {
        attempt(
            connection,
            FINALIZE_LIMIT,
            range.name(),
            "ALTER TABLE gapless.events DETACH PARTITION " + range.name() + " FINALIZE");
      }
    }
  }

  private static Optional<String> leftOver(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LEFT_OVER);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
    }
  }

  static Optional<Cursor> highest(Connection connection, String partition) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HIGHEST.formatted(partition));
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(EventRows.cursor(row)) : Optional.empty();
    }
  }

  private static void storeMark(Connection connection, Cursor mark) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STORE_MARK)) {
      statement.setLong(1, mark.position());
      statement.setInt(2, mark.fingerprint());
      statement.executeUpdate();
    }
  }

  private static Outcome drop(Connection connection, String table, Cause cause)
      throws SQLException, GivenUpException {
    long bytes = bytes(connection, table);
    attempt(connection, LOCK_LIMIT, table, "DROP TABLE " + table);
    return new Outcome.Removed(table, bytes, HeadReads.create().retired(connection), cause);
  }

  private static long bytes(Connection connection, String table) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_total_relation_size(?::regclass)")) {
      statement.setString(1, table);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static void attempt(Connection connection, Duration limit, String partition, String sql)
      throws SQLException, GivenUpException {
    attempt(
        connection,
        limit,
        partition,
        open -> {
          execute(open, sql);
          return sql;
        });
  }

  private static void attempt(
      Connection connection, Duration limit, String partition, SilenceLimit.Work<String> work)
      throws SQLException, GivenUpException {
    try {
      StatementLimit.run(connection, limit, work);
    } catch (SQLException e) {
      if (e.getSQLState() != null && GIVEN_UP.contains(e.getSQLState())) {
        throw new GivenUpException(partition, e);
      }
      throw e;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Somebody did not make way. */
  private static final class GivenUpException extends Exception {
    private static final long serialVersionUID = 1;

    private final String partition;

    GivenUpException(String partition, SQLException cause) {
      super(cause);
      this.partition = partition;
    }
  }
}
