package dev.gapless.http;

import dev.gapless.http.AdmissionSettings.Rate;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many streams tokens and owners have, and how fast new ones may begin. A stream is counted
 * everywhere or nowhere, so that one that is refused takes no place from another: therefore one
 * lock. What has no stream is forgotten. Thread-safe.
 */
final class StreamLimits {
  // a client that was told to wait longer would be taken for one that is lost
  private static final long LONGEST_WAIT = Duration.ofMinutes(1).toNanos();
  private static final long THOUSAND_SECONDS = Duration.ofSeconds(1000).toNanos();

  private final OptionalInt perToken;
  private final OptionalInt perOwner;
  private final Optional<Rate> newStreams;
  private final Optional<Bucket> pace;
  private final Map<TokenHash, Integer> ofToken = new HashMap<>();
  private final Map<String, Integer> ofOwner = new HashMap<>();
  private long lastTurn = System.nanoTime();

  private StreamLimits(AdmissionSettings settings) {
    this.perToken = settings.streamsPerToken();
    this.perOwner = settings.streamsPerOwner();
    this.newStreams = settings.newStreams();
    this.pace = newStreams.map(TokenBuckets::of);
  }

  /** Empty if nothing is limited. */
  static Optional<StreamLimits> of(AdmissionSettings settings) {
    boolean limited =
        settings.streamsPerToken().isPresent()
            || settings.streamsPerOwner().isPresent()
            || settings.newStreams().isPresent();
    return limited ? Optional.of(new StreamLimits(settings)) : Optional.empty();
  }

  /**
   * Why a stream is refused.
   *
   * @param comeBack the mean time after which, if it is not the usual one
   */
  record Refused(Refusal reason, Optional<Duration> comeBack) {
    static Optional<Refused> because(Refusal reason) {
      return Optional.of(new Refused(reason, Optional.empty()));
    }
  }

  /**
   * Counts the stream, or says what refuses it. Call {@link #leave} once for each that is counted.
   *
   * @param owners those that its filter names
   * @param room takes a place of the node, if there is one; asked last
   */
  synchronized Optional<Refused> tryEnter(Grant grant, Set<String> owners, BooleanSupplier room) {
    Optional<TokenHash> token = grant.dependsOn();
    if (perToken.isPresent()
        && token.isPresent()
        && ofToken.getOrDefault(token.get(), 0) >= perToken.getAsInt()) {
      return Refused.because(Refusal.STREAMS_PER_TOKEN);
    }
    if (perOwner.isPresent()
        && owners.stream()
            .anyMatch(owner -> ofOwner.getOrDefault(owner, 0) >= perOwner.getAsInt())) {
      return Refused.because(Refusal.STREAMS_PER_OWNER);
    }
    if (pace.isPresent() && !pace.get().tryConsume(1)) {
      return Optional.of(new Refused(Refusal.NEW_STREAMS, Optional.of(nextTurn())));
    }
    if (!room.getAsBoolean()) {
      return Refused.because(Refusal.MAX_STREAMS);
    }
    if (perToken.isPresent()) {
      token.ifPresent(known -> ofToken.merge(known, 1, Integer::sum));
    }
    if (perOwner.isPresent()) {
      owners.forEach(owner -> ofOwner.merge(owner, 1, Integer::sum));
    }
    return Optional.empty();
  }

  /** With what {@link #tryEnter} was given. */
  synchronized void leave(Grant grant, Set<String> owners) {
    if (perToken.isPresent()) {
      grant.dependsOn().ifPresent(token -> ofToken.computeIfPresent(token, (t, n) -> less(n)));
    }
    if (perOwner.isPresent()) {
      owners.forEach(owner -> ofOwner.computeIfPresent(owner, (o, n) -> less(n)));
    }
  }

  /** How many tokens and owners it remembers. */
  synchronized int remembered() {
    return ofToken.size() + ofOwner.size();
  }

  // those that were refused come back one after the other, at the pace at which they can be let in
  private Duration nextTurn() {
    long now = System.nanoTime();
    long step = THOUSAND_SECONDS / newStreams.orElseThrow().perThousandSeconds();
    long ahead = Math.max(0, lastTurn - now) + step;
    lastTurn = now + Math.min(ahead, LONGEST_WAIT);
    return Duration.ofNanos(lastTurn - now);
  }

  private static @Nullable Integer less(int count) {
    return count == 1 ? null : count - 1;
  }
}
