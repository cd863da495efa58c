package dev.gapless.tail;

import dev.gapless.log.LastFailure;
import dev.gapless.tail.ListenerStatus.State;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The listener's state and counts, which outlive a restart. Used on its thread only. */
final class ListenerReport {
  /** PostgreSQL itself warns at a half. */
  private static final double QUEUE_FILLING = 0.25;

  private final Consumer<ListenerStatus> observer;
  private State state = State.CONNECTING;
  private Instant since = Instant.now();
  private long restarts;
  private long notifications;
  private double queueUsage;
  private @Nullable LastFailure lastFailure;

  ListenerReport(Consumer<ListenerStatus> observer) {
    this.observer = observer;
  }

  void begin() {
    state(State.CONNECTING);
    publish();
  }

  boolean isListening() {
    return state == State.LISTENING;
  }

  /** Whether it is another one than before. */
  boolean state(State next) {
    if (next == state) {
      return false;
    }
    // tries in vain are part of one time without notifications
    if (isListening() || next == State.LISTENING) {
      since = Instant.now();
    }
    state = next;
    publish();
    return true;
  }

  void notifications(int more) {
    notifications += more;
    publish();
  }

  long restarts() {
    return restarts;
  }

  /** Whether it has just reached {@link #QUEUE_FILLING}. */
  boolean queueUsage(double now) {
    boolean filling = now >= QUEUE_FILLING && queueUsage < QUEUE_FILLING;
    if (now != queueUsage) {
      queueUsage = now;
      publish();
    }
    return filling;
  }

  void failure(Throwable failure) {
    lastFailure = LastFailure.of(failure);
    publish();
  }

  void failed(Throwable failure) {
    lastFailure = LastFailure.of(failure);
    restarts++;
    state(State.DOWN);
  }

  private void publish() {
    observer.accept(
        new ListenerStatus(
            state, since, restarts, notifications, queueUsage, Optional.ofNullable(lastFailure)));
  }
}
