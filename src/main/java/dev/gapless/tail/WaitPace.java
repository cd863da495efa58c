package dev.gapless.tail;

import java.util.concurrent.TimeUnit;

/**
 * How often to look again while a transaction of somebody else keeps the tail waiting: 1, 2, 4 … 50
 * ms apart, and a lock read, which takes every partition of PostgreSQL's lock table, at least ten
 * times its own duration after the last one (up to a tenth of a second: on a busy machine most of
 * that duration is waiting for a processor). All times in nanoseconds on the caller's clock. Not
 * thread-safe.
 *
 * <p>A wake starts the pace afresh, but only while the wait is young and only a few times: a
 * transaction that is parked for hours must not cost more because others are busy.
 */
final class WaitPace {
  private static final long FIRST = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SLOWEST = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long YOUNG = TimeUnit.SECONDS.toNanos(1);
  private static final int MAX_RESETS = 10;
  private static final int LOCK_READ_SHARE = 10;
  private static final long LONGEST_SPARING = TimeUnit.MILLISECONDS.toNanos(100);

  private boolean waiting;
  private long since;
  private long step;
  private int resets;
  private long lastLockRead;
  private long lockReadTook;

  boolean isWaiting() {
    return waiting;
  }

  long since() {
    return since;
  }

  void begin(long now) {
    if (!waiting) {
      waiting = true;
      since = now;
      step = FIRST;
      resets = 0;
    }
  }

  void end() {
    waiting = false;
  }

  /** What a wake does to the wait: true if it is worth looking again at once. */
  boolean wakeUp(long now) {
    if (!waiting || now - since >= YOUNG || resets >= MAX_RESETS) {
      return false;
    }
    resets++;
    step = FIRST;
    return true;
  }

  void lockRead(long now, long took) {
    lastLockRead = now;
    lockReadTook = took;
  }

  /** The earliest moment for another lock read, whatever the pace. */
  long lockReadAllowedAt() {
    return lastLockRead + Math.min(LOCK_READ_SHARE * lockReadTook, LONGEST_SPARING);
  }

  /** The next moment to look again; each call lengthens the step. */
  long nextAt(long now) {
    long at = now + step;
    step = Math.min(2 * step, SLOWEST);
    return at;
  }

  /** Where row reads do the looking: whether it is time for a lock read between them. */
  boolean lockReadDue(long now) {
    return now - lastLockRead >= 3 * step && now >= lockReadAllowedAt();
  }
}
