package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogSettingsTest {
  @Test
  void theDefaultsHold() {
    LogSettings settings = LogSettings.create(ConfigFactory.defaultReference());
    assertThat(settings)
        .isEqualTo(
            new LogSettings(
                MigrateMode.AUTO, Duration.ofSeconds(60), 10_000_000, 5, /* requireFsync= */ true));
  }

  @ParameterizedTest
  @CsvSource({"validate, VALIDATE", "off, OFF", "AUTO, AUTO", "false, OFF"})
  void theModesAreNames(String text, MigrateMode mode) {
    assertThat(with("gapless.migrate", text).migrate()).isEqualTo(mode);
  }

  @ParameterizedTest
  @CsvSource({
    "gapless.migrate, sometimes",
    "gapless.log.migrate-timeout, 10 ms",
    "gapless.log.migrate-timeout, soon",
    "gapless.log.partition-size, 10",
    "gapless.log.partition-size, 9000000000000000000",
    "gapless.log.partitions-ahead, 1",
    "gapless.log.partitions-ahead, many",
    "gapless.log.require-fsync, perhaps"
  })
  void aWrongValueIsRefusedByItsFullKey(String key, String value) {
    assertThatThrownBy(() -> with(key, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key);
  }

  private static LogSettings with(String key, String value) {
    return LogSettings.create(
        ConfigFactory.parseString(key + " = " + value)
            .withFallback(ConfigFactory.defaultReference()));
  }
}
