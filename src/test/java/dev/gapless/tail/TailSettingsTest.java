package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TailSettingsTest {

  @Test
  void theDefaultsAreThoseOfTheDesign() {
    TailSettings tail = TailKit.settings("");
    assertThat(tail.pollInterval()).isEqualTo(Duration.ofMillis(500));
    assertThat(tail.pollIntervalWithoutListener()).isEqualTo(Duration.ofMillis(100));
    assertThat(tail.batchEvents()).isEqualTo(1_000);
    ListenerSettings listener = TailKit.listenerSettings("");
    assertThat(
            listener
                .pollTimeout()
                .plus(listener.heartbeatInterval())
                .plus(listener.heartbeatTimeout()))
        .isLessThanOrEqualTo(Duration.ofSeconds(5));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gapless.tail.poll-interval = 1 ms",
        "gapless.tail.poll-interval-without-listener = 0 s",
        "gapless.tail.batch-events = 0",
        "gapless.tail.batch-events = 1001",
        "gapless.tail.batch-bytes = 1 MiB",
        "gapless.tail.unacknowledged-batches = 0",
        "gapless.tail.statement-timeout = 0 s",
        "gapless.tail.reconnect-min = 0 s",
        "gapless.tail.reconnect-max = 10 ms",
        "gapless.tail.mark-interval = 0 s",
        "gapless.tail.listener-silence = 0 s",
        "gapless.listener.poll-timeout = 0 s",
        "gapless.listener.poll-timeout = 2 s",
        "gapless.listener.heartbeat-interval = 0 s",
        "gapless.listener.heartbeat-timeout = 0 s",
        "gapless.listener.probe-interval = 0 s",
        "gapless.listener.probe-timeout = 0 s",
        "gapless.listener.restart-min = 0 s",
        "gapless.listener.restart-max = 1 ms",
      })
  void aWrongValueIsNamedByItsFullKey(String setting) {
    String key = setting.substring(0, setting.indexOf(' '));
    assertThatThrownBy(
            () -> {
              TailKit.settings(setting);
              TailKit.listenerSettings(setting);
            })
        .isInstanceOf(ConfigException.BadValue.class)
        .hasMessageContaining(key);
  }
}
