package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
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

  private enum Phase {
    /** Asked for the stored mark; then its locks and its row are checked before it is used. */
    MARK,
    MARK_LOCKS,
    MARK_ROW,
    /** No usable mark: what is retired is decided, and everything below the highest row can be. */
    BASE,
    HIGHEST,
    PREFIX,
    FOLLOWING
  }

  private final WaitPace pace = new WaitPace();
  private final LockSets lockSets = new LockSets();
  private final List<Decision> decisions = new ArrayList<>();

  private Phase phase = Phase.MARK;
  private RestartReason restartReason = RestartReason.STARTED;
  private NextRead next;

  /** The head; before the first restart was decided, a candidate for it. */
  private Cursor head = Cursor.EARLIEST;

  /** While a head is being decided afresh: what is decided without asking. */
  private Cursor base = Cursor.EARLIEST;

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

  /** The read after the one that found nobody in flight. */
  private boolean lastRead;

  private boolean pollRead;
  private long wakesByPoll;

  /** The highest row above the sequence's last value; 0 while there is none. */
  private long forced;

  private long lastValue;

  /** Rows that came without the row of the head, until the retired mark explains it or does not. */
  private @Nullable List<Event> unanchored;

  HeadDecider(long now) {
    next = new NextRead(Kind.MARK, now);
  }

  NextRead next() {
    return next;
  }

  /** For {@link Kind#ROWS}: nothing above it may be read now. */
  long ceiling() {
    return forced > 0 ? lastValue : Long.MAX_VALUE;
  }

  Cursor head() {
    return head;
  }

  boolean isFollowing() {
    return phase == Phase.FOLLOWING;
  }

  /** The highest row seen so far. */
  long highestSeen() {
    return Math.max(highest, Math.max(forced, head.position()));
  }

  /** The transactions the next delivery waits for; empty while nothing is known to be blocked. */
  Set<String> blockers() {
    return lockSets.blockers();
  }

  /** Since when transactions of others are known to keep the head where it is. */
  OptionalLong blockedSince() {
    if (phase == Phase.PREFIX && pace.isWaiting()) {
      return OptionalLong.of(pace.since());
    }
    return gapConfirmed && pace.isWaiting() ? OptionalLong.of(gapSince) : OptionalLong.empty();
  }

  /** The highest forced row that is being held back, or 0. */
  long forcedPosition() {
    return forced;
  }

  long wakesByPoll() {
    return wakesByPoll;
  }

  void onWake(long now) {
    awake = true;
    if (next.kind() == Kind.REST) {
      next = new NextRead(Kind.ROWS, now);
    } else if (pace.wakeUp(now)) {
      boolean locks = next.kind() == Kind.LOCKS;
      next = new NextRead(next.kind(), locks ? Math.max(now, pace.lockReadAllowedAt()) : now);
      nextLockRead = locks ? next.notBefore() : nextLockRead;
    } else if (next.kind() == Kind.ROWS && !gap && !pace.isWaiting()) {
      next = new NextRead(Kind.ROWS, now);
    }
  }

  /** One look without a hint. While a forced row hides what the sequence reaches, it asks that. */
  void onPoll(long now) {
    if (next.kind() == Kind.REST) {
      pollRead = forced == 0;
      next = new NextRead(pollRead ? Kind.ROWS : Kind.LOCKS, now);
    }
  }

  /**
   * Virtual transactions have other numbers after a restart of the server, and what was decided but
   * not read may be decided otherwise in another history. The head stays: the next read verifies
   * it.
   */
  void connectionLost(long now) {
    if (phase == Phase.FOLLOWING) {
      clear();
      awake = true;
      next = new NextRead(Kind.ROWS, now);
    } else {
      decideAfresh(now);
    }
  }

  List<Decision> onMark(Optional<Cursor> mark, long now) {
    if (mark.isPresent()) {
      head = mark.get();
      phase = Phase.MARK_LOCKS;
      next = new NextRead(Kind.LOCKS, now);
    } else {
      askBase(now);
    }
    return taken();
  }

  List<Decision> onRetired(Optional<Cursor> retired, long now) {
    List<Event> rows = unanchored;
    unanchored = null;
    if (phase == Phase.BASE) {
      base = retired.orElse(Cursor.EARLIEST);
      phase = Phase.HIGHEST;
      next = new NextRead(Kind.HIGHEST, now);
    } else if (rows != null && retired.isPresent() && retired.get().equals(head)) {
      onAnchoredRows(rows, now);
    } else if (retired.isPresent() && retired.get().position() > head.position()) {
      onLost(RestartReason.RETIRED, now);
    } else {
      onLost(RestartReason.DIVERGED, now);
    }
    return taken();
  }

  List<Decision> onHighest(Optional<Cursor> row, long now) {
    if (phase == Phase.HIGHEST) {
      head = row.filter(seen -> seen.compareTo(base) > 0).orElse(base);
      phase = Phase.PREFIX;
      next = new NextRead(Kind.LOCKS, now);
    } else {
      highest = Math.max(highest, row.map(Cursor::position).orElse(0L));
      next = new NextRead(Kind.LOCKS, nextLockRead);
    }
    return taken();
  }

  List<Decision> onRows(List<Event> rows, long now) {
    boolean present = !rows.isEmpty() && rows.get(0).position() == head.position();
    if (head.isEarliest()) {
      onAnchoredRows(rows, now);
    } else if (!present) {
      unanchored = rows;
      next = new NextRead(Kind.RETIRED, now);
    } else if (rows.get(0).cursor().equals(head)) {
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
      return taken();
    }
    switch (phase) {
      case MARK_LOCKS -> {
        if (read.lastValue() < head.position()) {
          askBase(now);
        } else {
          phase = Phase.MARK_ROW;
          next = new NextRead(Kind.ROWS, now);
        }
      }
      case PREFIX -> onPrefixLocks(read, now);
      default -> onFollowingLocks(read, now);
    }
    return taken();
  }

  private void onPrefixLocks(LockRead read, long now) {
    if (base.position() > read.lastValue()) {
      // retired in a history that is no more
      base = Cursor.EARLIEST;
      phase = Phase.HIGHEST;
      next = new NextRead(Kind.HIGHEST, now);
      return;
    }
    if (head.position() > read.lastValue()) {
      force(head.position(), read.lastValue());
      start(base, now);
      return;
    }
    lockSets.retainHolders(read.sequenceHolders());
    lockSets.add(head.position(), read.sequenceHolders());
    if (head.compareTo(base) <= 0 || lockSets.takeDecided() > 0) {
      start(head, now);
    } else {
      if (restartReason != RestartReason.STARTED && !pace.isWaiting()) {
        // the wait may be long, and nothing of the new history may be served beyond the base
        decisions.add(new Decision.Restart(base, restartReason));
      }
      pace.begin(now);
      next = new NextRead(Kind.LOCKS, Math.max(pace.nextAt(now), pace.lockReadAllowedAt()));
    }
  }

  private void onFollowingLocks(LockRead read, long now) {
    awake = false;
    if (read.lastValue() < head.position()) {
      onLost(RestartReason.DIVERGED, now);
      // not from the mark: only the highest row tells a forced position from a log gone back
      askBase(now);
      return;
    }
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
    } else {
      pace.end();
      lastRead = true;
      next = new NextRead(Kind.ROWS, now);
    }
  }

  /** Whether more may be read than before: the sequence has come nearer to a forced row. */
  private boolean onLastValue(long value) {
    if (highest > value) {
      force(highest, value);
      // what is below it has to be seen without it
      highest = head.position();
      gap = false;
      gapConfirmed = false;
      return true;
    }
    if (forced == 0) {
      return false;
    }
    boolean more = value > lastValue;
    lastValue = value;
    if (value >= forced) {
      forced = 0;
    }
    return more;
  }

  private void force(long position, long value) {
    if (position > forced) {
      forced = position;
      decisions.add(new Decision.Forced(position, value));
    }
    lastValue = value;
  }

  private void awaitBlockers(boolean oldestLostOne, long now) {
    pace.begin(now);
    nextLockRead = Math.max(pace.nextAt(now), pace.lockReadAllowedAt());
    if (oldestLostOne) {
      // it may have filled the gap while others are still there
      next = new NextRead(Kind.ROWS, now);
    } else if (now >= nextLearn) {
      nextLearn = now + LEARN_INTERVAL;
      next = new NextRead(forced > 0 ? Kind.ROWS : Kind.HIGHEST, now);
    } else {
      next = new NextRead(Kind.LOCKS, nextLockRead);
    }
  }

  private void onAnchoredRows(List<Event> rows, long now) {
    if (phase != Phase.FOLLOWING) {
      start(head, now);
    }
    int run = decidedRun(rows);
    boolean openGap = run < rows.size();
    highest = rows.isEmpty() ? head.position() : Math.max(highest, last(rows).position());
    if (run > 0) {
      head = rows.get(run - 1).cursor();
      decisions.add(new Decision.Deliver(List.copyOf(rows.subList(0, run)), head));
      lockSets.dropUpTo(head.position());
      pace.end();
      gap = false;
      gapConfirmed = false;
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
      boolean backlog = rowsAbove >= BACKLOG && forced == 0;
      next = new NextRead(backlog ? Kind.HIGHEST : Kind.LOCKS, now);
    }
  }

  private void onNothingNew(boolean wasPoll, long now) {
    if (gap) {
      // the row above it is gone
      gap = false;
      gapConfirmed = false;
      lockSets.clear();
      pace.end();
    }
    boolean wasLast = lastRead;
    lastRead = false;
    if (awake && (wasLast || wasPoll)) {
      next = new NextRead(Kind.ROWS, now);
    } else if (wasLast || wasPoll) {
      next = new NextRead(Kind.REST, now);
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
    if (phase == Phase.FOLLOWING) {
      restartReason = reason;
      decisions.add(new Decision.Diverged(head, reason));
      decideAfresh(now);
    } else {
      askBase(now);
    }
  }

  private void decideAfresh(long now) {
    clear();
    forced = 0;
    head = Cursor.EARLIEST;
    phase = Phase.MARK;
    next = new NextRead(Kind.MARK, now);
  }

  private void askBase(long now) {
    phase = Phase.BASE;
    next = new NextRead(Kind.RETIRED, now);
  }

  private void start(Cursor at, long now) {
    clear();
    head = at;
    highest = at.position();
    phase = Phase.FOLLOWING;
    awake = true;
    decisions.add(new Decision.Restart(at, restartReason));
    next = new NextRead(Kind.ROWS, now);
  }

  private void clear() {
    lockSets.clear();
    pace.end();
    decided = 0;
    highest = head.position();
    gap = false;
    gapConfirmed = false;
    lastRead = false;
    pollRead = false;
    unanchored = null;
  }

  private List<Decision> taken() {
    List<Decision> taken = List.copyOf(decisions);
    decisions.clear();
    return taken;
  }

  private static Event last(List<Event> rows) {
    return rows.get(rows.size() - 1);
  }
}
