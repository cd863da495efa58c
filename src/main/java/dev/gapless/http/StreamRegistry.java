package dev.gapless.http;

import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionControl;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The streams of this node: how many there are, and those that end with a credential. Thread-safe.
 */
final class StreamRegistry {
  private final int most;
  private final Admission admission;
  private final RevocationView revocations;
  private volatile boolean draining;
  private final AtomicInteger open = new AtomicInteger();
  private final Set<Guarded> guarded = ConcurrentHashMap.newKeySet();

  StreamRegistry(int most, Admission admission, RevocationView revocations) {
    this.most = most;
    this.admission = admission;
    this.revocations = revocations;
  }

  /**
   * Counts a stream, or says what refuses it. Call {@link #leave} once for each that is counted.
   *
   * @param owners those that its filter names
   */
  Optional<StreamLimits.Refused> tryEnter(Grant grant, Set<String> owners) {
    Optional<StreamLimits> limits = admission.streams();
    Optional<StreamLimits.Refused> refused;
    if (limits.isPresent()) {
      refused = limits.get().tryEnter(grant, owners, this::takeRoom);
    } else {
      refused = takeRoom() ? Optional.empty() : StreamLimits.Refused.because(Refusal.MAX_STREAMS);
    }
    if (refused.isPresent()) {
      admission.count(refused.get().reason());
    }
    return refused;
  }

  private boolean takeRoom() {
    if (open.incrementAndGet() > most) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  void leave(Grant grant, Set<String> owners) {
    open.decrementAndGet();
    if (admission.streams().isPresent()) {
      admission.streams().get().leave(grant, owners);
    }
  }

  void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  int open() {
    return open.get();
  }

  /** Ends the stream when its grant ends; run the result when it has ended by itself. */
  Runnable watch(Grant grant, SubscriptionControl control) {
    if (!grant.isPrivate() && grant.expires().isEmpty()) {
      return () -> {};
    }
    Guarded stream = new Guarded(grant, control);
    guarded.add(stream);
    // after it was added: a revocation of this moment is seen here or by the next check
    check(stream, Instant.now());
    return () -> guarded.remove(stream);
  }

  /** Ends what has lost its grant. Called after each read of the revocations. */
  void check() {
    Instant now = Instant.now();
    guarded.forEach(stream -> check(stream, now));
  }

  private void check(Guarded stream, Instant now) {
    Grant grant = stream.grant;
    if (grant.dependsOn().isPresent() && revocations.isRevoked(grant.dependsOn().get())) {
      stream.control.close(CloseReason.REVOKED);
    } else if (grant.expires().isPresent() && !now.isBefore(grant.expires().get())) {
      stream.control.close(CloseReason.EXPIRED);
    } else if (grant.isPrivate() && revocations.isStale()) {
      stream.control.close(CloseReason.ERROR);
    }
  }

  /** One stream; equal to itself alone. */
  private static final class Guarded {
    private final Grant grant;
    private final SubscriptionControl control;

    Guarded(Grant grant, SubscriptionControl control) {
      this.grant = grant;
      this.control = control;
    }
  }
}
