package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetentionSettingsTest {
  @Test
  void everythingIsKeptForEverUnlessSomebodySaysSo() {
    RetentionSettings settings = RetentionSettings.create(ConfigFactory.defaultReference());
    assertThat(settings)
        .isEqualTo(
            new RetentionSettings(
                Optional.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                Duration.ofMinutes(1),
                Duration.ofSeconds(10)));
    assertThat(settings.isOff()).isTrue();
    assertThat(with("gapless.retention.max-age", "false").isOff()).isTrue();
  }

  @Test
  void eachLimitIsReadInItsUnit() {
    assertThat(with("gapless.retention.max-age", "90 days").maxAge()).contains(Duration.ofDays(90));
    assertThat(with("gapless.retention.max-bytes", "2 GiB").maxBytes()).hasValue(2L << 30);
    assertThat(with("gapless.retention.max-events", "100000000").maxEvents()).hasValue(100_000_000);
    assertThat(with("gapless.retention.max-events", "1").isOff()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "gapless.retention.max-age, 10 ms",
    "gapless.retention.max-age, on",
    "gapless.retention.max-age, -3 days",
    "gapless.retention.max-bytes, 1000",
    "gapless.retention.max-bytes, lots",
    "gapless.retention.max-events, 0",
    "gapless.retention.max-events, true",
    "gapless.retention.interval, 0 s",
    "gapless.retention.interval, off",
    "gapless.retention.detach-timeout, 1 h",
    "gapless.retention.detach-timeout, 1 ms"
  })
  void aWrongValueIsRefusedByItsFullKey(String key, String value) {
    assertThatThrownBy(() -> with(key, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key);
  }

  private static RetentionSettings with(String key, String value) {
    return RetentionSettings.create(
        ConfigFactory.parseString(key + " = " + value)
            .withFallback(ConfigFactory.defaultReference()));
  }
}
