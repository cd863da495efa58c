package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ReconnectPaceTest {
  private final ReconnectPace pace =
      new ReconnectPace(Duration.ofMillis(50), Duration.ofSeconds(5));

  @Test
  void pausesGrowWhileNothingLasts() {
    for (long millis : new long[] {50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000}) {
      assertThat(pace.afterFailure(Duration.ofMillis(499)).toMillis())
          .isBetween(millis, millis * 12 / 10);
    }
  }

  @Test
  void aConnectionThatLastedIsReplacedAtOnceHoweverOften() {
    for (int i = 0; i < 100; i++) {
      assertThat(pace.afterFailure(Duration.ofMillis(500))).isZero();
    }
    assertThat(pace.afterFailure(Duration.ZERO).toMillis()).isBetween(50L, 60L);
    pace.afterFailure(Duration.ZERO);
    pace.afterFailure(Duration.ZERO);
    assertThat(pace.afterFailure(Duration.ofSeconds(1))).isZero();
    assertThat(pace.afterFailure(Duration.ZERO).toMillis()).isBetween(50L, 60L);
  }
}
