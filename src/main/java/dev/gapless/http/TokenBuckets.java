package dev.gapless.http;

import dev.gapless.http.AdmissionSettings.Rate;
import io.github.bucket4j.Bucket;
import java.time.Duration;

/** Makes token buckets. */
final class TokenBuckets {
  private TokenBuckets() {}

  /** A full one. It knows no wall clock: one that is set must neither give nor take away. */
  static Bucket of(Rate rate) {
    return Bucket.builder()
        .withNanosecondPrecision()
        .addLimit(
            limit ->
                limit
                    .capacity(rate.burst())
                    .refillGreedy(rate.perThousandSeconds(), Duration.ofSeconds(1000)))
        .build();
  }
}
