package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.http.AdmissionSettings.Rate;
import java.time.Duration;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What a node remembers of its callers. */
class CallerRateTest {

  private static Grant caller(int number) {
    return new Grant(Optional.of(TokenHash.ofToken("caller" + number)), Optional.empty());
  }

  @Test
  void forgetsWhoeverMayDoAllAgain() {
    CallerRate rate = new CallerRate(new Rate(1_000_000, 1000));
    for (int i = 0; i < 100; i++) {
      assertThat(rate.take(caller(i), 1)).isEmpty();
    }
    assertThat(rate.callers()).isEqualTo(100);
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> rate.callers() == 0);
  }

  @Test
  void remembersWhoeverMayNot() {
    CallerRate rate = new CallerRate(new Rate(100, 1));
    assertThat(rate.take(caller(1), 1)).isEmpty();
    Duration wait = rate.take(caller(1), 1).orElseThrow();
    assertThat(wait).isBetween(Duration.ofMillis(1), Duration.ofSeconds(10));
    assertThat(rate.take(caller(2), 1)).isEmpty();
  }

  @Test
  void doesNotGrowForEver() {
    CallerRate rate = new CallerRate(new Rate(1, 1));
    for (int i = 0; i < CallerRate.MOST_CALLERS + 20_000; i++) {
      rate.take(caller(i), 1);
    }
    assertThat(rate.callers()).isLessThanOrEqualTo(CallerRate.MOST_CALLERS);
  }
}
