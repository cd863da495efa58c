package dev.gapless.hub;

import dev.gapless.event.Cursor;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the hub's actor shows to the subscriber streams without a message. The actor alone writes
 * {@code delivered}; everything is safe to read from any thread.
 */
final class HubState {
  /**
   * Everything up to {@code head} is in the ring (or below its floor) and was offered to every
   * subscription that had joined. Written after the offers, so whoever reads it and then finds an
   * inbox empty has been served up to it.
   */
  record Delivered(Ring ring, Cursor head) {}

  private volatile @Nullable Delivered delivered;

  /** Every running subscriber stream. */
  final Set<SubscriptionLogic> running = ConcurrentHashMap.newKeySet();

  /** How many there have been. */
  final AtomicLong opened = new AtomicLong();

  final AtomicInteger live = new AtomicInteger();
  final AtomicInteger behind = new AtomicInteger();
  final LongAdder deliveredEvents = new LongAdder();

  /** How often the hub failed and began anew. */
  final AtomicLong restarts = new AtomicLong();

  volatile boolean draining;

  /** See {@link LocalEventHub#onErasure}. */
  volatile Runnable erasure = () -> {};

  /** See {@link LocalEventHub#onDelivery}. */
  private volatile @Nullable LongConsumer ages;

  /** Empty until the head is decided for the first time, and while it has to be decided afresh. */
  Optional<Delivered> delivered() {
    return Optional.ofNullable(delivered);
  }

  synchronized void onDelivery(LongConsumer observer) {
    LongConsumer before = ages;
    ages =
        before == null
            ? observer
            : age -> {
              before.accept(age);
              observer.accept(age);
            };
  }

  /** A live subscriber is given events, of which this one is the oldest. */
  void given(HubEvent oldest) {
    LongConsumer observer = ages;
    if (observer != null) {
      Instant at = oldest.event().at();
      Instant now = Instant.now();
      observer.accept(
          Math.max(
              0,
              (now.getEpochSecond() - at.getEpochSecond()) * 1_000_000_000L
                  + now.getNano()
                  - at.getNano()));
    }
  }

  /** How many streams are not live. */
  int catchingUp() {
    return Math.max(0, running.size() - live.get());
  }

  /** Nothing is decided for now. */
  void suspend() {
    delivered = null;
  }

  void publish(Delivered next) {
    delivered = next;
  }
}
