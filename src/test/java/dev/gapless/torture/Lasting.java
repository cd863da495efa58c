package dev.gapless.torture;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A fault that lasts until it is closed, or is repeated until then if it is one of a moment. */
final class Lasting implements AutoCloseable {
  private static final Duration CEILING = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofMillis(300);

  private final Thread thread;
  private volatile boolean closed;

  Lasting(Faults faults, FaultKind kind) {
    Step step = new Step(0, Duration.ZERO, lasts(kind), kind, 0, argument(kind));
    thread =
        new Thread(
            () -> {
              do {
                faults.inject(step);
                LockSupport.parkNanos(pause(kind).toNanos());
              } while (!closed && isOfAMoment(kind));
            },
            "fault-" + kind);
    thread.setDaemon(true);
    thread.start();
  }

  private static boolean isOfAMoment(FaultKind kind) {
    return switch (kind) {
      case TERMINATE_LISTENER,
          TERMINATE_BACKENDS,
          RESET_DATABASE,
          RESET_IN_ANSWER,
          TERMINATE_WRITERS,
          ASYNC_CRASH,
          RESET_CLIENTS ->
          true;
      default -> false;
    };
  }

  private static Duration pause(FaultKind kind) {
    // the nodes find out when they are connected again
    return kind == FaultKind.ASYNC_CRASH ? Duration.ofSeconds(4) : Duration.ofMillis(100);
  }

  private static Duration lasts(FaultKind kind) {
    return isOfAMoment(kind) ? SHORT : CEILING;
  }

  private static long argument(FaultKind kind) {
    return switch (kind) {
      // ahead, so that what is handed out looks old
      case CLOCK_JUMP -> Duration.ofHours(5).toSeconds();
      // in the middle of a few rows
      case RESET_IN_ANSWER -> 200;
      // neither with a restart of PostgreSQL, nor rolled back
      default -> 1;
    };
  }

  /** Whatever it waits for is over now. */
  @Override
  public void close() {
    closed = true;
    try {
      // it may be in the middle of something that it does not wait for
      while (thread.isAlive()) {
        LockSupport.unpark(thread);
        thread.join(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
