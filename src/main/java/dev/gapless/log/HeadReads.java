package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The statements by which the tail decides the gap-free prefix (design 3.2), each one statement on
 * the tail's own direct connection in autocommit, READ COMMITTED. Blocking. Not thread-safe: one
 * per connection.
 */
public interface HeadReads {

  static HeadReads create() {
    return new JdbcHeadReads();
  }

  /**
   * Visible rows with {@code from <= id <= upTo}, ascending, at most {@code limit} rows and about
   * {@code maxBytes} of data. The row at {@code from}, the anchor, comes first if it still exists;
   * it comes without its data and does not count for {@code maxBytes}. If there is a row above
   * {@code from}, at least one is returned (given a {@code limit} of 2), whatever its size. A short
   * result is not the end of the rows: only one without a row above {@code from} is.
   */
  List<Event> rows(Connection connection, long from, long upTo, int limit, long maxBytes)
      throws SQLException;

  /**
   * Whether the server keeps the time of each commit ({@code track_commit_timestamp}); that does
   * not change while it runs.
   */
  boolean keepsCommitTimes(Connection connection) throws SQLException;

  /** As {@link #rows}, on a server that keeps the times of commits, with those. */
  TimedRows timedRows(Connection connection, long from, long upTo, int limit, long maxBytes)
      throws SQLException;

  /** Who may still fill a hole, and where the sequence stands: one statement. */
  LockRead locks(Connection connection) throws SQLException;

  /** For status and logs: the backends (or prepared transactions) behind virtual transactions. */
  List<Blocker> blockers(Connection connection, Set<String> virtualTransactions)
      throws SQLException;

  /** The retired mark. */
  Optional<Cursor> retired(Connection connection) throws SQLException;

  /** Why there may be no row at a position: one statement, later than the one that missed it. */
  Removed removed(Connection connection, long position) throws SQLException;

  /** The decided mark, unverified. */
  Optional<Cursor> decided(Connection connection) throws SQLException;

  /**
   * Moves the decided mark forward (never back unless {@code replace}: the log has gone back in
   * time).
   */
  void storeDecided(Connection connection, Cursor decided, boolean replace) throws SQLException;

  /** The highest visible row, if there is any. */
  Optional<Cursor> highestVisible(Connection connection) throws SQLException;

  /**
   * @param times of the events above the anchor: not of those that committed before the server
   *     began to keep them, or too long ago
   */
  record TimedRows(List<Event> events, CommitTimes times) {
    public TimedRows {
      events = List.copyOf(events);
    }
  }

  /**
   * @param sequenceHolders the virtual transactions that hold a granted RowExclusiveLock on the
   *     identity sequence
   * @param electionHeld whether a transaction holds the election lock
   * @param lastValue the highest position the sequence has handed out, 0 if none
   * @param inRecovery true voids the read: this is no primary
   * @param preparedHolder whether one of the holders is a prepared transaction
   */
  record LockRead(
      Set<String> sequenceHolders,
      boolean electionHeld,
      long lastValue,
      boolean inRecovery,
      boolean preparedHolder) {
    public LockRead {
      sequenceHolders = Set.copyOf(sequenceHolders);
    }

    /** Whether any transaction is in flight that may still commit events or a hint. */
    public boolean anyInFlight() {
      return electionHeld || !sequenceHolders.isEmpty();
    }
  }

  /**
   * @param retired the retired mark
   * @param erased the cursor of the event at the position, if it was erased
   */
  record Removed(Optional<Cursor> retired, Optional<Cursor> erased) {
    public static final Removed NOTHING = new Removed(Optional.empty(), Optional.empty());

    public static Removed byRetention(Cursor mark) {
      return new Removed(Optional.of(mark), Optional.empty());
    }

    public static Removed byErasure(Cursor event) {
      return new Removed(Optional.empty(), Optional.of(event));
    }
  }

  /**
   * @param pid of the backend; 0 for a prepared transaction
   * @param name the application_name, or the global id of a prepared transaction; may be empty
   */
  record Blocker(String virtualTransaction, int pid, String name) {}
}
