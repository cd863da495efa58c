package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;

/** A stream that ends before it knows where it stands must not move its client's cursor. */
class UnopenedStreamTest {
  private final StreamResponses.Encoding encoding =
      new StreamResponses.Encoding(
          SignalEncoder.create(NativeFrames.INSTANCE, true, Duration.ofSeconds(2)),
          Optional::empty,
          new StreamCounters());

  private String encode(Signal... signals) {
    return Stream.of(signals)
        .flatMap(signal -> encoding.encode(signal).stream())
        .map(ByteString::utf8String)
        .collect(Collectors.joining());
  }

  @Test
  void aCloseAfterNothingButHeartbeatsCarriesNoId() {
    assertThat(
            encode(
                new Signal.Heartbeat(Cursor.EARLIEST, false),
                new Signal.Close(CloseReason.DRAIN, Cursor.EARLIEST)))
        .contains("event: gapless.close")
        .doesNotContain("id: ");
  }

  @Test
  void aCloseOfAnOpenedStreamCarriesItsPosition() {
    Cursor own = Cursor.parse("42-k3f9q").orElseThrow();
    assertThat(encode(new Signal.Open(own), new Signal.Close(CloseReason.DRAIN, own)))
        .endsWith("id: 42-k3f9q\nevent: gapless.close\ndata: {\"reason\":\"drain\"}\n\n");
  }
}
