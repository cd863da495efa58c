package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/**
 * Appending to the log and the reads that serve clients. Every method works on the caller's
 * connection, keeps no state and blocks: call it on a dispatcher for blocking work. Thread-safe.
 *
 * <p>Reads are bounded by a decided position that the caller gives ({@code upTo}); they never see
 * beyond it. They need a connection to a primary in autocommit, READ COMMITTED, and fail with
 * SQLSTATE 25006 on any other: a pool may come to a standby after a fail-over.
 */
public interface EventLog {

  /** The log in PostgreSQL. */
  static EventLog create() {
    return new JdbcEventLog();
  }

  /**
   * Appends the drafts as one INSERT inside the caller's transaction, which stays open. The events
   * exist if and only if that transaction commits.
   *
   * @return the cursors of the new events, in the order of the drafts
   * @throws dev.gapless.event.InvalidValueException if data holds a lone surrogate; nothing was
   *     sent
   * @throws SQLException from the database; {@link LogErrors#invalidValue} tells bad data from
   *     trouble
   */
  List<Cursor> append(Connection connection, List<EventDraft> drafts) throws SQLException;

  /**
   * Reads matching events after a cursor, ascending, never beyond {@code upTo}. The rows are read
   * first and the cursor is verified in a later statement on the same connection, so a page is only
   * returned if the log still is the one the cursor came from.
   */
  ReadResult readForward(
      Connection connection, Cursor after, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException;

  /**
   * As {@link #readForward}, descending: events with a position below {@code before} (and at most
   * {@code upTo}). Without marks of erasures: what they end comes after them in this direction.
   */
  ReadResult readBackward(
      Connection connection, Cursor before, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException;

  /**
   * Decides whether a cursor can be continued (design 3.3): not retired, its event present with its
   * fingerprint (or erased, which leaves the fingerprint), not above the last value of the
   * sequence. A cursor above {@code head} that the sequence has reached is {@link
   * CursorCheck.Ahead}: hold it until the head has passed it and ask again.
   */
  CursorCheck check(Connection connection, Cursor cursor, Cursor head) throws SQLException;

  /**
   * The highest position visible now that the sequence has drawn: everything acknowledged before
   * the call is at or below it, but for rows forced above the sequence.
   */
  OptionalLong highestVisible(Connection connection) throws SQLException;

  /**
   * How much one read may take. At least one matching event is returned even if it is above {@code
   * maxBytes}.
   */
  record PageLimits(int maxEvents, int maxScanned, long maxBytes) {}

  /** What a read found. */
  sealed interface ReadResult {
    /**
     * @param events matching events in the direction of the read
     * @param scannedTo everything matching between the start and here is in {@code events}; names
     *     an existing event (or equals the start or the bound)
     * @param complete whether the read reached its bound ({@code upTo}, or the beginning of the log
     *     backwards)
     */
    record Page(List<Event> events, Cursor scannedTo, boolean complete) implements ReadResult {
      public Page {
        events = List.copyOf(events);
      }
    }

    /** The start cannot be continued; nothing that was read may be used. */
    record Lost(LostReason reason, Cursor earliest) implements ReadResult {}
  }

  /** Why a cursor cannot be continued. */
  enum LostReason {
    /** Its events were removed by retention. */
    RETENTION,
    /** Its event is not in this history of the log. */
    DIVERGED,
    /** The log has never handed out its position. */
    AHEAD
  }

  /** The answer of {@link #check}. */
  sealed interface CursorCheck {
    /**
     * Continue; {@code verified} carries the fingerprint of the event if it exists (a bare cursor
     * gets it here).
     */
    record Valid(Cursor verified) implements CursorCheck {}

    /** Above the head, but handed out by the sequence: hold until the head has passed it. */
    record Ahead() implements CursorCheck {}

    /**
     * @param earliest where the retained log begins: the retired mark, or {@link Cursor#EARLIEST}
     */
    record Lost(LostReason reason, Cursor earliest) implements CursorCheck {}
  }
}
