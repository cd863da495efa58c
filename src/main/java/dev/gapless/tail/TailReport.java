package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.LastFailure;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts what the tail does and makes its status. Not thread-safe. */
final class TailReport {
  private final Consumer<TailStatus> observer;
  private final Map<WakeCause, Long> wakes = new EnumMap<>(WakeCause.class);
  private long connects;
  private long restarts;
  private long delivered;
  private long batches;
  private @Nullable LastFailure lastFailure;

  TailReport(Consumer<TailStatus> observer) {
    this.observer = observer;
  }

  void woken(WakeCause cause) {
    wakes.merge(cause, 1L, Long::sum);
  }

  /** Whether it is the first connection. */
  boolean connected() {
    connects++;
    return connects == 1;
  }

  void restarted() {
    restarts++;
  }

  void delivered(int events) {
    delivered += events;
    batches++;
  }

  LastFailure failed(Throwable failure) {
    lastFailure = LastFailure.of(failure);
    return lastFailure;
  }

  void publish(
      HeadDecider decider,
      TailStatus.Statements statements,
      List<Blocker> blockers,
      int unacknowledged,
      boolean connected) {
    Map<WakeCause, Long> causes = new EnumMap<>(wakes);
    causes.put(WakeCause.POLL, decider.wakesByPoll());
    OptionalLong blockedSince = decider.blockedSince();
    observer.accept(
        new TailStatus(
            state(decider, connected),
            decider.isFollowing() ? decider.head() : Cursor.EARLIEST,
            decider.highestSeen(),
            blockedSince.isPresent()
                ? Optional.of(
                    Instant.now().minusNanos(System.nanoTime() - blockedSince.getAsLong()))
                : Optional.empty(),
            blockedSince.isPresent() ? blockers : List.of(),
            decider.forcedPosition(),
            statements,
            causes,
            delivered,
            batches,
            unacknowledged,
            connects,
            restarts,
            Optional.ofNullable(lastFailure)));
  }

  private TailStatus.State state(HeadDecider decider, boolean connected) {
    if (!connected && (connects > 0 || lastFailure != null)) {
      return TailStatus.State.DISCONNECTED;
    }
    if (!decider.isFollowing()) {
      return TailStatus.State.STARTING;
    }
    return decider.blockedSince().isPresent()
        ? TailStatus.State.BLOCKED
        : TailStatus.State.FOLLOWING;
  }
}
