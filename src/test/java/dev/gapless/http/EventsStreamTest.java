package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code GET /v1/events} as a stream, on a whole node. */
class EventsStreamTest {
  private static HttpTestNode node;
  private String owner;

  @BeforeAll
  static void start() {
    node = HttpTestNode.start("gapless.hub.heartbeat = 300 ms");
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  @BeforeEach
  void ownerOfThisTest() {
    owner = "o-" + UUID.randomUUID();
  }

  @Test
  void opensThenIsLiveThenDelivers() throws IOException {
    try (SseClient client = open("/v1/events?owner=" + owner)) {
      assertThat(client.head().status()).isEqualTo(200);
      assertThat(client.head().header("content-type")).contains("text/event-stream");
      assertThat(client.head().header("cache-control")).contains("no-store");
      assertThat(client.head().header("x-accel-buffering")).contains("no");
      assertThat(client.head().header("vary")).contains("Accept, Authorization, Cookie, Origin");
      assertThat(frame(client).event()).isEqualTo("gapless.open");
      assertThat(client.retry()).isPresent();
      assertThat(client.lastEventId()).isNotEmpty();
      assertThat(frame(client).event()).isEqualTo("gapless.live");
      Cursor cursor = node.append(owner, "/orders/42", "order.created");
      Frame event = client.nextEvent();
      assertThat(event.id()).isEqualTo(cursor.toString());
      assertThat(event.event()).isEqualTo("order.created");
      assertThat(event.data())
          .startsWith("{\"id\":" + cursor.position() + ",\"cursor\":\"" + cursor + "\"")
          .contains("\"owner\":\"" + owner + "\",\"path\":\"/orders/42\"")
          .endsWith("\"data\":{\"n\": 1}}");
    }
  }

  @Test
  void resumesAfterTheLastEvent() throws IOException {
    List<Cursor> cursors = appendThree();
    try (SseClient client =
        open("/v1/events?after=now&owner=" + owner, "Last-Event-ID: " + cursors.get(0))) {
      assertThat(client.nextEvent().id()).isEqualTo(cursors.get(1).toString());
      assertThat(client.nextEvent().id()).isEqualTo(cursors.get(2).toString());
    }
    for (String name : List.of("lastEventId", "last_event_id")) {
      try (SseClient client =
          open("/v1/events?owner=" + owner + "&" + name + "=" + cursors.get(1))) {
        assertThat(client.nextEvent().id()).isEqualTo(cursors.get(2).toString());
      }
    }
  }

  @Test
  void endsAtTheLimitAndAtTheHead() throws IOException {
    List<Cursor> cursors = appendThree();
    try (SseClient client = open("/v1/events?after=earliest&limit=2&owner=" + owner)) {
      List<Frame> frames = client.rest();
      assertThat(events(frames)).isEqualTo(texts(cursors.subList(0, 2)));
      assertClosed(frames, "limit", cursors.get(1).toString());
      assertThat(client.retry()).isPresent();
    }
    try (SseClient client = open("/v1/events?after=earliest&live=false&owner=" + owner)) {
      List<Frame> frames = client.rest();
      assertThat(events(frames)).isEqualTo(texts(cursors));
      assertThat(frames.get(frames.size() - 1).data()).isEqualTo("{\"reason\":\"end\"}");
    }
  }

  @Test
  void readsBackwards() throws IOException {
    List<Cursor> cursors = new ArrayList<>();
    for (int i = 0; i < 250; i++) {
      cursors.add(node.append(owner, "/a/" + i, "t"));
    }
    Collections.reverse(cursors);
    try (SseClient client = open("/v1/events?reverse=true&live=false&owner=" + owner)) {
      assertThat(events(client.rest())).isEqualTo(texts(cursors));
    }
    try (SseClient client = open("/v1/events?reverse=true&live=false&limit=3&owner=" + owner)) {
      List<Frame> frames = client.rest();
      assertThat(events(frames)).isEqualTo(texts(cursors.subList(0, 3)));
      assertClosed(frames, "limit", cursors.get(2).toString());
    }
    try (SseClient client =
        open(
            "/v1/events?reverse=true&live=false&limit=3&owner=" + owner,
            "Last-Event-ID: " + cursors.get(2))) {
      assertThat(events(client.rest())).isEqualTo(texts(cursors.subList(3, 6)));
    }
  }

  /** Cut after any frame of a stream whose start was lost, and resumed: nothing is missed. */
  @Test
  void readsBackwardsAfterAResetWhereverItIsCut() throws IOException {
    List<Cursor> cursors = new ArrayList<>(appendThree());
    Cursor lost = new Cursor(cursors.get(1).position(), cursors.get(1).fingerprint() ^ 1);
    Collections.reverse(cursors);
    String target = "/v1/events?reverse=true&live=false&owner=" + owner + ":" + lost;
    List<Frame> frames;
    try (SseClient client = open(target)) {
      frames = client.rest();
    }
    assertThat(frames.stream().map(Frame::event)).contains("gapless.reset");
    assertThat(events(frames)).isEqualTo(texts(cursors));
    for (int cut = 1; cut <= frames.size(); cut++) {
      List<String> seen = new ArrayList<>(events(frames.subList(0, cut)));
      try (SseClient client = open(target, "Last-Event-ID: " + frames.get(cut - 1).id())) {
        seen.addAll(events(client.rest()));
      }
      assertThat(seen).as("cut after frame %d", cut).isEqualTo(texts(cursors));
    }
  }

  @Test
  void startsEachOwnerAtItsOwnCursor() throws IOException {
    List<Cursor> mine = appendThree();
    String other = owner + "-b";
    Cursor others = node.append(other, "/x", "t");
    String target =
        "/v1/events?live=false&after=earliest&owner="
            + owner
            + ":"
            + mine.get(1)
            + "&owner="
            + other;
    try (SseClient client = open(target)) {
      assertThat(events(client.rest())).isEqualTo(texts(List.of(mine.get(2), others)));
    }
    try (SseClient client = open(target, "Last-Event-ID: " + mine.get(2))) {
      assertThat(events(client.rest())).isEqualTo(texts(List.of(others)));
    }
    // the last one of a repeated owner wins
    try (SseClient client = open(target + "&owner=" + owner + ":" + mine.get(2))) {
      assertThat(events(client.rest())).isEqualTo(texts(List.of(others)));
    }
  }

  @Test
  void filtersByPathAndType() throws IOException {
    node.append(owner, "/a/x", "one");
    Cursor wanted = node.append(owner, "/a/y", "two");
    node.append(owner, "/b/y", "two");
    Cursor exact = node.append(owner, "/c", "three");
    String target = "/v1/events?live=false&after=earliest&owner=" + owner;
    try (SseClient client = open(target + "&path=/a/&path=/c&type=two&type=three")) {
      assertThat(events(client.rest())).isEqualTo(texts(List.of(wanted, exact)));
    }
  }

  @Test
  void resetsWhatCannotBeContinued() throws IOException {
    Cursor cursor = node.append(owner, "/a", "t");
    Cursor diverged = new Cursor(cursor.position(), cursor.fingerprint() ^ 1);
    try (SseClient client = open("/v1/events?live=false&owner=" + owner + "&after=" + diverged)) {
      List<Frame> frames = client.rest();
      assertThat(frames.get(0).event()).isEqualTo("gapless.open");
      assertThat(frames.get(0).id()).isEqualTo(diverged.toString());
      assertThat(frames.get(1).event()).isEqualTo("gapless.reset");
      assertThat(frames.get(1).data())
          .contains("\"reason\":\"diverged\"", "\"requested\":\"" + diverged + "\"");
      assertThat(events(frames)).isEqualTo(List.of(cursor.toString()));
    }
    String headTarget = "/v1/events?live=false&on-reset=head&owner=" + owner + "&after=" + diverged;
    try (SseClient client = open(headTarget)) {
      assertThat(events(client.rest())).isEmpty();
    }
    try (SseClient client = open("/v1/events?owner=" + owner + "&after=999999999")) {
      assertThat(client.await("gapless.reset").data()).contains("\"reason\":\"ahead\"");
    }
  }

  @Test
  void movesTheCursorOfAQuietStream() throws IOException {
    try (SseClient client = open("/v1/events?owner=" + owner)) {
      client.await("gapless.live");
      Cursor other = node.append("somebody-else", "/x", "t");
      assertThat(client.await("gapless.heartbeat").data()).isEqualTo("{}");
      while (!client.lastEventId().equals(other.toString())) {
        client.await("gapless.heartbeat");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "- | 200 | text/event-stream",
        "*/* | 200 | text/event-stream",
        "text/* | 200 | text/event-stream",
        "text/event-stream | 200 | text/event-stream",
        "application/json | 200 | application/json",
        "application/* | 200 | application/json",
        "application/json, text/event-stream | 200 | text/event-stream",
        "application/json;q=0.9, text/event-stream;q=0.8 | 200 | application/json",
        "application/json;q=0.8, text/event-stream;q=0.8 | 200 | text/event-stream",
        "text/event-stream;q=0, */* | 200 | application/json",
        "text/event-stream;q=0 | 406 | application/problem+json",
        "text/html | 406 | application/problem+json",
        "text/html, */*;q=0.1 | 200 | text/event-stream",
      })
  void negotiates(String accept, int status, String type) throws IOException {
    String target = "/v1/events?live=false&limit=1&owner=" + owner;
    Answer answer =
        accept == null
            ? RawHttp.get(node.port(), target)
            : RawHttp.get(node.port(), target, "Accept: " + accept);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.header("content-type")).contains(type);
    assertThat(answer.header("vary").orElse("")).contains("Accept");
  }

  @Test
  void answersHeadWithoutSubscribing() throws IOException {
    Answer stream =
        RawHttp.send(node.port(), "HEAD /v1/events HTTP/1.1", "", "Accept: text/event-stream");
    assertThat(stream.status()).isEqualTo(200);
    assertThat(stream.header("content-type")).contains("text/event-stream");
    Answer page =
        RawHttp.send(node.port(), "HEAD /v1/events HTTP/1.1", "", "Accept: application/json");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.header("content-type")).contains("application/json");
  }

  private SseClient open(String target, String... headers) throws IOException {
    return SseClient.open(node.port(), target, headers);
  }

  private List<Cursor> appendThree() {
    return List.of(
        node.append(owner, "/1", "t"),
        node.append(owner, "/2", "t"),
        node.append(owner, "/3", "t"));
  }

  private static Frame frame(SseClient client) throws IOException {
    return client.next().orElseThrow();
  }

  private static List<String> events(List<Frame> frames) {
    return frames.stream()
        .filter(frame -> !frame.event().startsWith("gapless."))
        .map(Frame::id)
        .toList();
  }

  private static List<String> texts(List<Cursor> cursors) {
    return cursors.stream().map(Cursor::toString).toList();
  }

  private static void assertClosed(List<Frame> frames, String reason, String id) {
    assertThat(frames.get(frames.size() - 1))
        .isEqualTo(new Frame(id, "gapless.close", "{\"reason\":\"" + reason + "\"}"));
  }
}
