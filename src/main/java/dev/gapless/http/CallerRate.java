package dev.gapless.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.gapless.http.AdmissionSettings.Rate;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.Optional;

/**
 * What each caller may do over time. A caller is a token; all without one are the same caller.
 * Thread-safe.
 */
final class CallerRate {
  // far more than there are tokens, and some 20 MB. Above it a caller that was forgotten begins
  // anew
  static final int MOST_CALLERS = 100_000;

  private final LoadingCache<Optional<TokenHash>, Bucket> buckets;

  CallerRate(Rate rate) {
    this.buckets =
        Caffeine.newBuilder()
            .maximumSize(MOST_CALLERS)
            // full again by then: a new one is the same
            .expireAfterAccess(rate.refill().plusSeconds(1))
            .build(caller -> TokenBuckets.of(rate));
  }

  /** Takes so much; or takes nothing, and says after how long there is enough. */
  Optional<Duration> take(Grant caller, int count) {
    ConsumptionProbe probe = buckets.get(caller.dependsOn()).tryConsumeAndReturnRemaining(count);
    return probe.isConsumed()
        ? Optional.empty()
        : Optional.of(Duration.ofNanos(probe.getNanosToWaitForRefill()));
  }

  /** How many it remembers. */
  long callers() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }
}
