package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventTimestampTest {
  private static final DateTimeFormatter FORMATTER =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  @Property(tries = 500)
  void isWhatTheFormatterWrites(
      @ForAll @LongRange(min = -70_000_000_000L, max = 270_000_000_000L) long second,
      @ForAll @LongRange(min = 0, max = 999_999) long micros) {
    Instant at = Instant.ofEpochSecond(second, micros * 1_000);
    assertThat(EventJson.timestamp(at)).isEqualTo(FORMATTER.format(at));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000-01-01T00:00:00Z",
        "-0001-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999Z",
        "+10000-01-01T00:00:00Z",
        "2026-11-23T07:08:09.000001Z"
      })
  void atTheEdgesToo(String text) {
    Instant at = Instant.parse(text);
    assertThat(EventJson.timestamp(at)).isEqualTo(FORMATTER.format(at));
  }
}
