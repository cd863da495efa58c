package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cases 6 to 13 of the conformance suite: batch, live, limit and reverse. */
@ExtendWith(SharedNode.class)
class StreamModesConformanceTest {

  /** One user, 250 PUT {@code /pub/file_i}, then DEL of 240 to 244. */
  @Nested
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  class WithAHistory {
    private final String user = TestUsers.random();
    private final List<String> history = new ArrayList<>();
    private HomeserverClient client;
    private long cursorOf250th;

    @BeforeAll
    void write(HomeserverClient shared) {
      client = shared;
      for (int i = 0; i < 250; i++) {
        client.write(user, "/pub/file_" + i);
        history.add("PUT /pub/file_" + i);
      }
      for (int i = 240; i < 245; i++) {
        client.delete(user, "/pub/file_" + i);
        history.add("DEL /pub/file_" + i);
      }
      cursorOf250th = stream("limit=250").awaitEnd().events().get(249).position();
    }

    private SseReader stream(String query) {
      return client.stream("user=" + user + "&" + query);
    }

    /** A fresh user with five DEL behind its 250th event, for cases that write more. */
    private SseReader streamFrom250th(String query) {
      return client.stream("user=" + user + ":" + cursorOf250th + "&" + query);
    }

    @Test
    @DisplayName("6: a batch crosses the pages of the server and ends")
    void case6() {
      SseReader stream = stream("limit=255").awaitEnd();
      assertThat(stream.summaries()).isEqualTo(history.subList(0, 255));
      assertThat(stream.events()).extracting(SseReader.Frame::position).isSorted();
    }

    @Test
    @DisplayName("7: a limit ends the stream")
    void case7() {
      assertThat(stream("limit=50").awaitEnd().summaries()).isEqualTo(history.subList(0, 50));
    }

    @Test
    @DisplayName("10: a batch does not see what is written after it ended")
    void case10() {
      SseReader stream = streamFrom250th("limit=5").awaitEnd();
      client.write(TestUsers.random(), "/pub/later");
      assertThat(stream.summaries()).isEqualTo(history.subList(250, 255));
    }

    @Test
    @DisplayName("11: PUT events carry the hash that is the file's ETag, DEL events none")
    void case11() {
      for (SseReader.Frame frame : stream("limit=255").awaitEnd().events()) {
        if (frame.event().equals("DEL")) {
          assertThat(frame.data()).hasSize(2);
        } else {
          assertThat(frame.data().get(2)).matches("content_hash: [A-Za-z0-9+/]{43}=");
        }
      }
      SseReader.Frame first = stream("limit=1").awaitEnd().events().get(0);
      String etag = client.get(user, "/pub/file_0").headers().firstValue("ETag").orElseThrow();
      assertThat(first.data().get(2)).isEqualTo("content_hash: " + etag.replace("\"", ""));
    }

    @Test
    @DisplayName("13: reverse is the exact reverse of forward, over all pages and with a limit")
    void case13() {
      List<String> reversed = new ArrayList<>(history);
      Collections.reverse(reversed);
      assertThat(stream("reverse=true").awaitEnd().summaries()).isEqualTo(reversed);
      assertThat(stream("reverse=true&limit=5").awaitEnd().summaries())
          .isEqualTo(reversed.subList(0, 5));
      assertThat(streamFrom250th("reverse=1").awaitEnd().summaries())
          .isEqualTo(reversed.subList(6, 255));
    }
  }

  private final HomeserverClient client;
  private final String user = TestUsers.random();

  StreamModesConformanceTest(HomeserverClient client) {
    this.client = client;
  }

  @Test
  @DisplayName("8: history from a cursor, then live")
  void case8() {
    String cursor = writeTenAndDeleteFive();
    try (SseReader stream = client.stream("live=true&user=" + user + ":" + cursor)) {
      stream.awaitEvents(5);
      stream.awaitControl("gapless.live");
      client.write(user, "/pub/live");
      assertThat(stream.awaitEvents(6, Duration.ofSeconds(5)).get(5).summary())
          .isEqualTo("PUT /pub/live");
      assertThat(stream.summaries()).hasSize(6).startsWith("DEL /pub/file_5");
      assertThat(stream.hasEnded()).isFalse();
    }
  }

  @Test
  @DisplayName("9: a limit counts history and live together and ends the stream at once")
  void case9() {
    String cursor = writeTenAndDeleteFive();
    SseReader stream = client.stream("live=true&limit=10&user=" + user + ":" + cursor);
    for (int i = 0; i < 10; i++) {
      client.write(user, "/pub/live_" + i);
    }
    stream.awaitEnd();
    assertThat(stream.events()).hasSize(10);
    assertThat(stream.summaries().subList(5, 10))
        .containsExactly(
            "PUT /pub/live_0",
            "PUT /pub/live_1",
            "PUT /pub/live_2",
            "PUT /pub/live_3",
            "PUT /pub/live_4");
    assertThat(Duration.ofNanos(stream.endedNanos() - stream.events().get(9).nanos()))
        .isLessThan(Duration.ofMillis(500));
  }

  @Test
  @DisplayName("12: a user without events: a batch ends at once, live waits for the first")
  void case12() {
    client.write(user, "/pub/gone");
    long cursor =
        client.stream("user=" + user).awaitEnd(Duration.ofSeconds(5)).events().get(0).position();
    SseReader batch = client.stream("user=" + user + ":" + cursor).awaitEnd(Duration.ofSeconds(5));
    assertThat(batch.events()).isEmpty();

    try (SseReader live = client.stream("live=true&path=/pub/none/&user=" + user)) {
      live.awaitControl("gapless.live");
      assertThat(live.events()).isEmpty();
      client.write(user, "/pub/none/first");
      assertThat(live.awaitEvents(1, Duration.ofSeconds(5)).get(0).summary())
          .isEqualTo("PUT /pub/none/first");
    }
  }

  /** Ten PUT, five DEL; the cursor of the tenth. */
  private String writeTenAndDeleteFive() {
    client.writeAll(user, IntStream.range(0, 10).mapToObj(i -> "/pub/file_" + i).toList());
    for (int i = 5; i < 10; i++) {
      client.delete(user, "/pub/file_" + i);
    }
    SseReader history = client.stream("limit=10&user=" + user).awaitEnd();
    return Long.toString(history.events().get(9).position());
  }
}
