package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.log.HeadReads.Removed;
import dev.gapless.tail.NextRead.Kind;
import dev.gapless.tail.TailOutput.RestartReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides the gap-free prefix of the log (docs/guarantees.md): which rows may be delivered, and
 * which statement comes next. It sees only the results of statements and the times it is given, so
 * that every interleaving with writers can be tried without a database. Not thread-safe.
 *
 * <p>The caller runs {@link #next()} on one connection, one statement at a time, and hands the
 * result to the method of the same name; after an error it calls {@link #connectionLost}. Times are
 * nanoseconds on one clock.
 *
 * <p>The rule in short. Every position up to the head is decided. Rows that follow it without a gap
 * are delivered as they are read. Below a gap, a position can only be filled by a transaction that
 * holds the sequence's lock in a statement later than the one that showed a row above: when all of
 * these have ended, a still later read shows everything that will ever be there.
 */
final class HeadDecider {
  /** Most gaps are a commit in flight and close by themselves within this time. */
  private static final long GAP_GRACE = TimeUnit.MILLISECONDS.toNanos(1);

  /** How often to look for a higher row while a gap is open. */
  private static final long LEARN_INTERVAL = TimeUnit.MILLISECONDS.toNanos(250);

  /**
   * Rows above a gap in one read that suggest there are many more: then ask for the highest one.
   */
  private static final int BACKLOG = 256;

  private final List<Decision> decisions = new ArrayList<>();
  private final WaitPace pace = new WaitPace();
  private final LockSets lockSets = new LockSets();
  private final ForcedPosition forced = new ForcedPosition(decisions);

  /** While the head is being decided afresh. */
  private @Nullable HeadStart start;

  private NextRead next;
  private Cursor head = Cursor.EARLIEST;

  /** All positions up to here are decided, though perhaps not read yet. */
  private long decided;

  /** The highest row seen, at least the head. */
  private long highest;

  private boolean gap;
  private boolean gapConfirmed;
  private long gapSince;
  private long nextLearn;
  private long nextLockRead;

  /** Set by a wake, cleared by the lock read that covers it. */
  private boolean awake;

  /**
   * A lock read since the last wake has found the election lock free. One lock read alone looks at
   * the sequence first: a writer that begins after that look may skip its hint for the sake of one
   * that is gone before the look at the election lock, and whose hint has been received.
   */
  private boolean electionWasFree;

  /** The read after the one that found nobody in flight. */
  private boolean lastRead;

  private boolean pollRead;
  private long wakesByPoll;

  /** Until the next read has found the head's row: it may be another server. */
  private boolean reconnected;

  /** Rows that came without the row of the head, until what was removed explains it or does not. */
  private @Nullable List<Event> unanchored;

  HeadDecider(long now) {
    start = new HeadStart(RestartReason.STARTED, pace, forced, now);
    next = start.next();
  }

  NextRead next() {
    return next;
  }

  /** For {@link Kind#ROWS}: nothing above it may be read now. */
  long ceiling() {
    return forced.ceiling();
  }

  /** The head; while it is decided afresh, a candidate for it. */
  Cursor head() {
    return start == null ? head : start.candidate();
  }

  boolean isFollowing() {
    return start == null;
  }

  /**
   * Whether the head's row was seen on this connection: before, the head is perhaps not its own.
   */
  boolean isAnchored() {
    return start == null && !reconnected;
  }

  /** The highest row seen so far. */
  long highestSeen() {
    return Math.max(highest, Math.max(forced.position(), head().position()));
  }

  /** The transactions the next delivery waits for; empty while nothing is known to be blocked. */
  Set<String> blockers() {
    return start == null ? lockSets.blockers() : start.blockers();
  }

  /** Since when transactions of others are known to keep the head where it is. */
  OptionalLong blockedSince() {
    if (start != null) {
      return start.isBlocked() ? OptionalLong.of(pace.since()) : OptionalLong.empty();
    }
    return gapConfirmed && pace.isWaiting() ? OptionalLong.of(gapSince) : OptionalLong.empty();
  }

  /** The highest forced row that is being held back, or 0. */
  long forcedPosition() {
    return forced.position();
  }

  long wakesByPoll() {
    return wakesByPoll;
  }

  void onWake(long now) {
    awake = true;
    electionWasFree = false;
    if (next.kind() == Kind.REST) {
      next = new NextRead(Kind.ROWS, now);
    } else if (pace.wakeUp(now)) {
      boolean locks = next.kind() == Kind.LOCKS;
      next = new NextRead(next.kind(), locks ? Math.max(now, pace.lockReadAllowedAt()) : now);
      nextLockRead = locks ? next.notBefore() : nextLockRead;
    } else if (isFollowing() && !reconnected && !gap && !pace.isWaiting() && isForRowsOrLocks()) {
      next = new NextRead(Kind.ROWS, now);
    }
  }

  private boolean isForRowsOrLocks() {
    return next.kind() == Kind.ROWS || next.kind() == Kind.LOCKS;
  }

  /** One look without a hint. While a forced row hides what the sequence reaches, it asks that. */
  void onPoll(long now) {
    if (next.kind() == Kind.REST) {
      pollRead = !forced.isHeld();
      next = new NextRead(pollRead ? Kind.ROWS : Kind.LOCKS, now);
    }
  }

  /**
   * Virtual transactions have other numbers after a restart of the server, and what was decided but
   * not read may be decided otherwise in another history. The head stays: the next reads verify it.
   * That says nothing of what was delivered before: commits come in another order than positions,
   * so a fail-over can lose an event below one that it keeps.
   */
  void connectionLost(long now) {
    if (start == null) {
      clear();
      awake = true;
      next = new NextRead(Kind.LOCKS, now);
      reconnected = true;
    } else {
      decideAfresh(start.reason(), now);
    }
  }

  List<Decision> onMark(Optional<Cursor> mark, long now) {
    if (start != null) {
      start.onMark(mark, now);
      next = start.next();
    }
    return taken();
  }

  List<Decision> onRemoved(Removed removed, long now) {
    Optional<Cursor> retired = removed.retired();
    List<Event> rows = unanchored;
    unanchored = null;
    if (rows == null) {
      if (start != null) {
        start.onRetired(retired, now);
        next = start.next();
      }
    } else if (is(retired, head()) || is(removed.erased(), head())) {
      onAnchoredRows(rows, now);
    } else if (retired.isPresent() && retired.get().position() > head().position()) {
      onLost(RestartReason.RETIRED, now);
    } else {
      onLost(RestartReason.DIVERGED, now);
    }
    return taken();
  }

  private static boolean is(Optional<Cursor> removed, Cursor anchor) {
    return removed.filter(anchor::equals).isPresent();
  }

  List<Decision> onHighest(Optional<Cursor> row, long now) {
    if (start != null) {
      start.onHighest(row, now);
      next = start.next();
    } else {
      highest = Math.max(highest, row.map(Cursor::position).orElse(0L));
      next = new NextRead(Kind.LOCKS, nextLockRead);
    }
    return taken();
  }

  List<Decision> onRows(List<Event> rows, long now) {
    Cursor anchor = head();
    boolean present = !rows.isEmpty() && rows.get(0).position() == anchor.position();
    if (anchor.isEarliest()) {
      onAnchoredRows(rows, now);
    } else if (!present) {
      unanchored = rows;
      next = new NextRead(Kind.RETIRED, now);
    } else if (rows.get(0).cursor().equals(anchor)) {
      onAnchoredRows(rows.subList(1, rows.size()), now);
    } else {
      onLost(RestartReason.DIVERGED, now);
    }
    return taken();
  }

  /**
   * @param took how long the statement took
   */
  List<Decision> onLocks(LockRead read, long took, long now) {
    pace.lockRead(now, took);
    if (read.inRecovery()) {
      decisions.add(new Decision.NotPrimary());
    } else if (reconnected && read.preparedHolder()) {
      // a fail-over can lose a COMMIT PREPARED below a row that it keeps; the stored mark cannot be
      // there without everything that was committed before it
      decisions.add(new Decision.InDoubt(head));
      decideAfresh(RestartReason.RECONNECTED, now);
    } else if (reconnected) {
      next = new NextRead(Kind.ROWS, now);
    } else if (start == null) {
      onFollowingLocks(read, now);
    } else {
      Optional<Cursor> decidedHead = start.onLocks(read, now);
      next = start.next();
      decidedHead.ifPresent(at -> follow(at, now));
    }
    return taken();
  }

  private void onFollowingLocks(LockRead read, long now) {
    awake = false;
    if (read.lastValue() < head.position()) {
      onLost(RestartReason.DIVERGED, now);
      // not from the mark: only the highest row tells a forced position from a log gone back
      withoutMark(now);
      return;
    }
    boolean freeBefore = electionWasFree;
    electionWasFree |= !read.electionHeld();
    boolean oldestLostOne = lockSets.retainHolders(read.sequenceHolders());
    boolean reachesMore = onLastValue(read.lastValue());
    if (gap) {
      lockSets.add(highest, read.sequenceHolders());
    }
    long nowDecided = lockSets.takeDecided();
    if (nowDecided > 0) {
      decided = nowDecided;
      pace.end();
      next = new NextRead(Kind.ROWS, now);
    } else if (gap) {
      awaitBlockers(oldestLostOne, now);
    } else if (reachesMore) {
      next = new NextRead(Kind.ROWS, now);
    } else if (read.anyInFlight()) {
      pace.begin(now);
      next = new NextRead(Kind.ROWS, pace.nextAt(now));
    } else if (!freeBefore) {
      pace.end();
      next = new NextRead(Kind.LOCKS, Math.max(now, pace.lockReadAllowedAt()));
    } else {
      pace.end();
      lastRead = true;
      next = new NextRead(Kind.ROWS, now);
    }
  }

  /** Whether there may be more to read, below a forced row, than before. */
  private boolean onLastValue(long value) {
    if (highest <= value) {
      return forced.advance(value);
    }
    forced.hold(highest, value);
    // what is below it has to be seen without it
    highest = head.position();
    gap = false;
    gapConfirmed = false;
    return true;
  }

  private void awaitBlockers(boolean oldestLostOne, long now) {
    pace.begin(now);
    nextLockRead = Math.max(pace.nextAt(now), pace.lockReadAllowedAt());
    if (oldestLostOne) {
      // it may have filled the gap while others are still there
      next = new NextRead(Kind.ROWS, now);
    } else if (now >= nextLearn) {
      nextLearn = now + LEARN_INTERVAL;
      next = new NextRead(forced.isHeld() ? Kind.ROWS : Kind.HIGHEST, now);
    } else {
      next = new NextRead(Kind.LOCKS, nextLockRead);
    }
  }

  private void onAnchoredRows(List<Event> rows, long now) {
    if (start != null) {
      follow(start.candidate(), now);
    } else if (reconnected) {
      reconnected = false;
      decisions.add(new Decision.Restart(head, RestartReason.RECONNECTED));
    }
    int run = decidedRun(rows);
    boolean openGap = run < rows.size();
    highest =
        rows.isEmpty() ? head.position() : Math.max(highest, rows.get(rows.size() - 1).position());
    if (run > 0) {
      head = rows.get(run - 1).cursor();
      decisions.add(new Decision.Deliver(List.copyOf(rows.subList(0, run)), head));
      lockSets.dropUpTo(head.position());
      endWait();
    }
    if (pollRead && !rows.isEmpty()) {
      wakesByPoll++;
    }
    boolean wasPoll = pollRead;
    pollRead = false;
    if (openGap) {
      onGap(rows.size() - run, now);
    } else if (run > 0) {
      lastRead = false;
      next = new NextRead(Kind.ROWS, now);
    } else {
      onNothingNew(wasPoll, now);
    }
  }

  /** How many rows from the first one on are decided. */
  private int decidedRun(List<Event> rows) {
    long frontier = head.position();
    int run = 0;
    for (Event row : rows) {
      if (row.position() > decided) {
        // the rows are ordered: this read has shown all there is up to there
        frontier = Math.max(frontier, decided);
        if (row.position() != frontier + 1) {
          break;
        }
      }
      frontier = row.position();
      run++;
    }
    return run;
  }

  private void onGap(int rowsAbove, long now) {
    lastRead = false;
    if (!gap) {
      pace.end();
      gap = true;
      gapSince = now;
      nextLearn = now + LEARN_INTERVAL;
      next = new NextRead(Kind.ROWS, now + GAP_GRACE);
    } else if (pace.isWaiting() && gapConfirmed) {
      next = new NextRead(Kind.LOCKS, nextLockRead);
    } else {
      gapConfirmed = true;
      nextLockRead = now;
      boolean backlog = rowsAbove >= BACKLOG && !forced.isHeld();
      next = new NextRead(backlog ? Kind.HIGHEST : Kind.LOCKS, now);
    }
  }

  private void onNothingNew(boolean wasPoll, long now) {
    if (gap) {
      // the row above it is gone
      endWait();
      lockSets.clear();
    }
    boolean ends = lastRead || wasPoll;
    lastRead = false;
    if (ends) {
      next = new NextRead(awake ? Kind.ROWS : Kind.REST, now);
    } else if (pace.isWaiting() && !pace.lockReadDue(now)) {
      next = new NextRead(Kind.ROWS, pace.nextAt(now));
    } else if (now < pace.lockReadAllowedAt()) {
      // so that a stream of single commits does not cost a lock read each
      next = new NextRead(Kind.ROWS, pace.lockReadAllowedAt());
    } else {
      next = new NextRead(Kind.LOCKS, now);
    }
  }

  private void onLost(RestartReason reason, long now) {
    if (start == null) {
      decisions.add(new Decision.Diverged(head, reason));
      decideAfresh(reason, now);
    } else {
      withoutMark(now);
    }
  }

  private void decideAfresh(RestartReason reason, long now) {
    clear();
    forced.forget();
    start = new HeadStart(reason, pace, forced, now);
    next = start.next();
  }

  private void withoutMark(long now) {
    if (start != null) {
      start.withoutMark(now);
      next = start.next();
    }
  }

  private void follow(Cursor at, long now) {
    RestartReason reason = start == null ? RestartReason.STARTED : start.reason();
    start = null;
    head = at;
    clear();
    awake = true;
    decisions.add(new Decision.Restart(at, reason));
    next = new NextRead(Kind.ROWS, now);
  }

  private void endWait() {
    pace.end();
    gap = false;
    gapConfirmed = false;
  }

  private void clear() {
    endWait();
    lockSets.clear();
    decided = 0;
    highest = head.position();
    lastRead = false;
    electionWasFree = false;
    pollRead = false;
    reconnected = false;
    unanchored = null;
  }

  private List<Decision> taken() {
    List<Decision> taken = List.copyOf(decisions);
    decisions.clear();
    return taken;
  }
}
