package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.LastFailure;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A moment's state of the tail. Immutable.
 *
 * @param state what it does
 * @param head the last decided event
 * @param highestSeen the highest position seen, decided or not
 * @param blockedSince since when transactions of others have been keeping the head where it is
 * @param blockers these transactions, as last looked up (after half a second of waiting)
 * @param forcedPosition a row above what the sequence has handed out, which is held back; 0 if none
 * @param statements what it has asked the database since start
 * @param wakes by cause, since start
 * @param delivered events handed over since start
 * @param batches in how many batches
 * @param unacknowledged batches the hub has not taken over yet
 * @param connects how many connections it has opened
 * @param restarts how often the head was decided afresh, the start included
 * @param lastFailure of its connection
 */
public record TailStatus(
    State state,
    Cursor head,
    long highestSeen,
    Optional<Instant> blockedSince,
    List<Blocker> blockers,
    long forcedPosition,
    Statements statements,
    Map<WakeCause, Long> wakes,
    long delivered,
    long batches,
    int unacknowledged,
    long connects,
    long restarts,
    Optional<LastFailure> lastFailure) {
  public TailStatus {
    blockers = List.copyOf(blockers);
    wakes = Map.copyOf(wakes);
  }

  /** Positions (not events: some may be dead) between the head and the highest position seen. */
  public long lag() {
    return Math.max(0, highestSeen - head.position());
  }

  /** What the tail does. */
  public enum State {
    /** It decides the first head; nothing can be served yet. */
    STARTING,
    /** It follows the log. */
    FOLLOWING,
    /** It follows, and a transaction of somebody else holds back what comes after the head. */
    BLOCKED,
    /** It has no connection and tries to get one. */
    DISCONNECTED
  }

  /**
   * Statements since start.
   *
   * @param rows reads of rows after the head
   * @param locks reads of the locks
   * @param others marks, the highest row, blockers
   */
  public record Statements(long rows, long locks, long others) {
    public long total() {
      return rows + locks + others;
    }
  }
}
