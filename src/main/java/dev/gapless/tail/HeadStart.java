package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.tail.NextRead.Kind;
import dev.gapless.tail.TailOutput.RestartReason;
import java.util.Optional;
import java.util.Set;

/**
 * Decides the head from which the log is followed, never an undecided position: the stored mark if
 * its event is still there, or else the highest row once everything below it is decided. Part of
 * {@link HeadDecider}; not thread-safe.
 */
final class HeadStart {
  private enum Phase {
    /** Asks for the stored mark; then the sequence and its row are checked before it is used. */
    MARK,
    MARK_LOCKS,
    MARK_ROW,
    /** No usable mark: what is retired is decided, and what is below the highest row can be. */
    BASE,
    HIGHEST,
    PREFIX
  }

  private final RestartReason reason;
  private final WaitPace pace;
  private final ForcedPosition forced;
  private final LockSets lockSets = new LockSets();

  private Phase phase = Phase.MARK;
  private NextRead next;
  private Cursor candidate = Cursor.EARLIEST;
  private Cursor base = Cursor.EARLIEST;

  HeadStart(RestartReason reason, WaitPace pace, ForcedPosition forced, long now) {
    this.reason = reason;
    this.pace = pace;
    this.forced = forced;
    this.next = new NextRead(Kind.MARK, now);
  }

  RestartReason reason() {
    return reason;
  }

  NextRead next() {
    return next;
  }

  /** What may become the head. */
  Cursor candidate() {
    return candidate;
  }

  /** The transactions the decision waits for. */
  Set<String> blockers() {
    return lockSets.blockers();
  }

  boolean isBlocked() {
    return phase == Phase.PREFIX && pace.isWaiting();
  }

  void onMark(Optional<Cursor> mark, long now) {
    if (mark.isPresent()) {
      candidate = mark.get();
      phase = Phase.MARK_LOCKS;
      next = new NextRead(Kind.LOCKS, now);
    } else {
      withoutMark(now);
    }
  }

  void withoutMark(long now) {
    phase = Phase.BASE;
    next = new NextRead(Kind.RETIRED, now);
  }

  void onRetired(Optional<Cursor> retired, long now) {
    base = retired.orElse(Cursor.EARLIEST);
    phase = Phase.HIGHEST;
    next = new NextRead(Kind.HIGHEST, now);
  }

  void onHighest(Optional<Cursor> row, long now) {
    candidate = row.filter(seen -> seen.compareTo(base) > 0).orElse(base);
    phase = Phase.PREFIX;
    next = new NextRead(Kind.LOCKS, now);
  }

  /** The head, if this decides it. */
  Optional<Cursor> onLocks(LockRead read, long now) {
    if (phase == Phase.PREFIX) {
      return onPrefixLocks(read, now);
    }
    if (read.lastValue() < candidate.position()) {
      withoutMark(now);
    } else {
      phase = Phase.MARK_ROW;
      next = new NextRead(Kind.ROWS, now);
    }
    return Optional.empty();
  }

  private Optional<Cursor> onPrefixLocks(LockRead read, long now) {
    if (base.position() > read.lastValue()) {
      // retired in a history that is no more
      onRetired(Optional.empty(), now);
      return Optional.empty();
    }
    if (candidate.position() > read.lastValue()) {
      forced.hold(candidate.position(), read.lastValue());
      return Optional.of(base);
    }
    lockSets.retainHolders(read.sequenceHolders());
    lockSets.add(candidate.position(), read.sequenceHolders());
    if (candidate.compareTo(base) <= 0 || lockSets.takeDecided() > 0) {
      return Optional.of(candidate);
    }
    pace.begin(now);
    next = new NextRead(Kind.LOCKS, Math.max(pace.nextAt(now), pace.lockReadAllowedAt()));
    return Optional.empty();
  }
}
