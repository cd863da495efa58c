package dev.gapless.bench;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Even steps in time. */
final class Pace {
  private Pace() {}

  static void pause(Duration duration) {
    LockSupport.parkNanos(duration.toNanos());
  }

  /** Returns at the moment, or at once if it has passed. */
  static void until(long nanoTime) {
    for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
