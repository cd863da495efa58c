package dev.gapless.tail;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before the next attempt to connect: not at all after a connection that lasted,
 * otherwise a time that doubles, a little longer at random so that nodes do not come in step. What
 * lasts too short to count grows the pause, so there are never more than a few attempts a second.
 * Not thread-safe.
 */
final class ReconnectPace {
  private static final int LASTING = 10;
  private static final double RANDOM = 0.2;

  private final Duration min;
  private final Duration max;
  private Duration next;

  ReconnectPace(Duration min, Duration max) {
    this.min = min;
    this.max = max;
    this.next = min;
  }

  /**
   * @param lasted how long the connection stood that has failed; zero if none came about
   */
  Duration afterFailure(Duration lasted) {
    if (lasted.compareTo(min.multipliedBy(LASTING)) >= 0) {
      next = min;
      return Duration.ZERO;
    }
    Duration pause = next;
    Duration twice = next.multipliedBy(2);
    next = twice.compareTo(max) > 0 ? max : twice;
    return pause.plusNanos(
        (long) (pause.toNanos() * RANDOM * ThreadLocalRandom.current().nextDouble()));
  }
}
