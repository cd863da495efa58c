package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Event;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HomeserverFramesTest {
  private static final String HASH = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

  @Test
  void rendersAPut() {
    String data = "{\"size\": 3, \"nested\": {\"content_hash\": \"no\"}, \"content_hash\": \"%s\"}";
    assertThat(frame("PUT", data.formatted(HASH)))
        .isEqualTo(
            "id: 42-k3f9q\nevent: PUT\ndata: pubky://alice/pub/a.txt\ndata: cursor: 42\n"
                + "data: content_hash: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n");
  }

  @Test
  void rendersADeletionWithoutHash() {
    assertThat(frame("DEL", "{\"content_hash\": \"%s\"}".formatted(HASH)))
        .isEqualTo("id: 42-k3f9q\nevent: DEL\ndata: pubky://alice/pub/a.txt\ndata: cursor: 42\n\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "[]",
        "{}",
        "{\"content_hash\": 1}",
        "{\"content_hash\": \"AQEB\"}",
        "{\"content_hash\": \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\"}",
        "{\"content_hash\": \"x\\n\\nevent: PUT\\ndata: forged\"}",
        "{\"content_hash\""
      })
  void showsNoHashThatIsNone(String data) {
    assertThat(frame("PUT", data))
        .isEqualTo("id: 42-k3f9q\nevent: PUT\ndata: pubky://alice/pub/a.txt\ndata: cursor: 42\n\n");
  }

  private static String frame(String type, String data) {
    Event event = new Event(42, "alice", "/pub/a.txt", type, Optional.of(data), Instant.EPOCH);
    return HomeserverFrames.render(event, "42-k3f9q");
  }
}
