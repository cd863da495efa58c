package dev.gapless.hub;

import dev.gapless.event.Cursor;
import java.time.Instant;
import java.util.List;
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

  /** See {@link LocalEventHub#onDeliverySinceCommit}. */
  private volatile @Nullable LongConsumer agesSinceCommit;

  /** Empty until the head is decided for the first time, and while it has to be decided afresh. */
  Optional<Delivered> delivered() {
    return Optional.ofNullable(delivered);
  }

  synchronized void onDelivery(LongConsumer observer) {
    ages = both(ages, observer);
  }

  synchronized void onDeliverySinceCommit(LongConsumer observer) {
    agesSinceCommit = both(agesSinceCommit, observer);
  }

  private static LongConsumer both(@Nullable LongConsumer one, LongConsumer other) {
    return one == null ? other : one.andThen(other);
  }

  /** A live subscriber is given events, at least one. */
  void given(List<HubEvent> events) {
    LongConsumer sinceInsert = ages;
    if (sinceInsert != null) {
      Instant at = events.get(0).event().at();
      sinceInsert.accept(
          nanosSince(at.getEpochSecond() * 1_000_000L + at.getNano() / 1_000, Instant.now()));
    }
    LongConsumer sinceCommit = agesSinceCommit;
    // either the database keeps them or it does not
    if (sinceCommit != null && events.get(0).committedMicros() != 0) {
      long oldest = Long.MAX_VALUE;
      for (HubEvent event : events) {
        if (event.committedMicros() != 0) {
          // the one of the lowest position need not be the first that committed
          oldest = Math.min(oldest, event.committedMicros());
        }
      }
      sinceCommit.accept(nanosSince(oldest, Instant.now()));
    }
  }

  /** Never negative: it was another clock, and any clock may be set back. */
  private static long nanosSince(long micros, Instant now) {
    long passed = now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000 - micros;
    return Math.max(0, passed) * 1_000L;
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
