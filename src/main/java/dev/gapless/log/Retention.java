package dev.gapless.log;

import dev.gapless.event.Cursor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Removes the oldest partition of the log, without making a writer or a reader wait.
 *
 * <p>First the retired mark is committed, from then on readers answer a cursor below it with a
 * reset. Then the partition is detached concurrently, which waits for every transaction that has
 * used the log and blocks none (a plain DROP would queue all writers behind the longest of them),
 * then dropped. A crash in between leaves work that the next call finishes. One node at a time
 * works; the others return at once. Stateless and thread-safe.
 */
public final class Retention {
  private static final String HIGHEST =
      "SELECT " + EventRows.COLUMNS_WITHOUT_DATA + " FROM %s ORDER BY id DESC LIMIT 1";

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
      """
          .formatted(REMARK);

  private Retention() {}

  public static Retention create() {
    return new Retention();
  }

  /** What a call did. */
  public sealed interface Outcome {
    /**
     * A partition is gone.
     *
     * @param mark the retired mark now; empty if nothing that was ever removed held an event
     */
    record Removed(Optional<Cursor> mark) implements Outcome {}

    /**
     * The oldest partition holds, or may still receive, positions above the bound; or is the last.
     */
    record NothingToRemove() implements Outcome {}

    /** Another session is at it, perhaps waiting for a long transaction. */
    record Busy() implements Outcome {}
  }

  /**
   * Removes the oldest partition if all its positions are at or below {@code bound}. Finishes what
   * an earlier call left behind first.
   *
   * @param connection in autocommit, to a primary, not used by anybody else; waits as long as
   *     transactions that use the log last, unless {@code lock_timeout} or {@code
   *     statement_timeout} ends it
   * @param bound never above the decided head: a position that is not decided may still be filled
   * @throws IllegalStateException if the connection is in a transaction
   */
  public Outcome removeOldest(Connection connection, long bound) throws SQLException {
    if (!connection.getAutoCommit()) {
      throw new IllegalStateException("a partition cannot be detached inside a transaction");
    }
    if (!advisory(connection, "SELECT pg_try_advisory_lock(?)")) {
      return new Outcome.Busy();
    }
    Outcome outcome;
    try {
      outcome = removeOldestAlone(connection, bound);
    } catch (SQLException | RuntimeException e) {
      try {
        unlock(connection);
      } catch (SQLException lostWithItsConnection) {
        e.addSuppressed(lostWithItsConnection);
      }
      throw e;
    }
    unlock(connection);
    return outcome;
  }

  private static Outcome removeOldestAlone(Connection connection, long bound) throws SQLException {
    finishPending(connection);
    dropLeftOvers(connection);
    List<PartitionRange> ranges = PartitionRange.all(connection);
    if (ranges.size() < 2 || ranges.get(0).to() - 1 > bound) {
      return new Outcome.NothingToRemove();
    }
    remove(connection, ranges.get(0));
    return new Outcome.Removed(HeadReads.create().retired(connection));
  }

  private static void remove(Connection connection, PartitionRange oldest) throws SQLException {
    Optional<Cursor> highest = highest(connection, oldest.name());
    if (highest.isPresent()) {
      storeMark(connection, highest.get());
    }
    execute(connection, "COMMENT ON TABLE " + oldest.name() + " IS '" + REMARK + "'");
    execute(
        connection,
        "ALTER TABLE gapless.events DETACH PARTITION " + oldest.name() + " CONCURRENTLY");
    drop(connection, oldest.name());
  }

  private static void finishPending(Connection connection) throws SQLException {
    for (PartitionRange range : PartitionRange.all(connection)) {
      if (range.detachPending()) {
        execute(
            connection,
            "ALTER TABLE gapless.events DETACH PARTITION " + range.name() + " FINALIZE");
      }
    }
  }

  private static void dropLeftOvers(Connection connection) throws SQLException {
    for (String name : leftOvers(connection)) {
      drop(connection, name);
    }
  }

  private static List<String> leftOvers(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LEFT_OVER);
        ResultSet row = statement.executeQuery()) {
      List<String> names = new ArrayList<>();
      while (row.next()) {
        names.add(row.getString(1));
      }
      return names;
    }
  }

  private static Optional<Cursor> highest(Connection connection, String partition)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HIGHEST.formatted(partition));
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(EventRows.readOne(row).cursor()) : Optional.empty();
    }
  }

  private static void storeMark(Connection connection, Cursor mark) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STORE_MARK)) {
      statement.setLong(1, mark.position());
      statement.setInt(2, mark.fingerprint());
      statement.executeUpdate();
    }
  }

  private static void drop(Connection connection, String table) throws SQLException {
    execute(connection, "DROP TABLE " + table);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void unlock(Connection connection) throws SQLException {
    advisory(connection, "SELECT pg_advisory_unlock(?)");
  }

  private static boolean advisory(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, LogNames.RETENTION_LOCK_KEY);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }
}
