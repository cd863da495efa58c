package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.TestHubEvents;
import dev.gapless.log.EventLog.LostReason;
import dev.gapless.testkit.SseParser;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.SseParser.Mode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NativeFramesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Instant AT = Instant.parse("2026-11-22T16:51:47.1Z");
  private static final SignalEncoder ENCODER =
      SignalEncoder.create(NativeFrames.INSTANCE, true, Duration.ofSeconds(2));

  @Test
  void rendersTheFrameOfTheProtocol() {
    HubEvent event = event(42, Optional.of("{\"total\": 12}"));
    assertThat(NativeFrames.INSTANCE.encode(event).utf8String())
        .isEqualTo(
            "id: "
                + event.cursor()
                + "\nevent: order.created\ndata: {\"id\":42,\"cursor\":\""
                + event.cursor()
                + "\",\"owner\":\"acme\",\"path\":\"/orders/42\",\"type\":\"order.created\","
                + "\"at\":\"2026-11-22T16:51:47.100000Z\",\"data\":{\"total\": 12}}\n\n");
  }

  @Test
  void tellsAbsentFromNull() throws IOException {
    assertThat(JSON.readTree(only(event(1, Optional.empty())).data()).has("data")).isFalse();
    assertThat(JSON.readTree(only(event(1, Optional.of("null"))).data()).get("data").isNull())
        .isTrue();
  }

  @Property(tries = 500)
  void everyTextReadsBack(@ForAll("texts") String text, @ForAll("paths") String path)
      throws IOException {
    HubEvent event =
        TestHubEvents.of(
            new Event(7, "acme", path, "a.b", Optional.of(JSON.writeValueAsString(text)), AT));
    JsonNode read = JSON.readTree(only(event).data());
    assertThat(read.get("data").textValue()).isEqualTo(text);
    assertThat(read.get("path").textValue()).isEqualTo(path);
  }

  /** Line ends between tokens, as no database renders them, but a caller of the encoder might. */
  @ParameterizedTest
  @ValueSource(
      strings = {"[1,\n2]", "[1,\r2]", "[1,\r\n2]", "\r\n[1,2]\n\r", "[1,\n\n\r\r\n 2]", " [1,2]"})
  void lineEndsBetweenTokensReadBack(String data) throws IOException {
    Frame frame = only(event(7, Optional.of(data)));
    assertThat(JSON.readTree(frame.data()).get("data")).isEqualTo(JSON.readTree("[1,2]"));
  }

  @Test
  void largeDataReadsBack() throws IOException {
    String text = "😀\r\n ".repeat(32_000);
    Frame frame = only(event(7, Optional.of(JSON.writeValueAsString(text))));
    assertThat(JSON.readTree(frame.data()).get("data").textValue()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nid: 99", "a\rb", "a\0b", "", "error", "open", "gapless.close"})
  void refusesATypeThatWouldBreakAFrame(String type) {
    HubEvent event = TestHubEvents.of(new Event(9, "acme", "/a", type, Optional.empty(), AT));
    SseParser parser = new SseParser().feed(bytes(NativeFrames.INSTANCE.encode(event)));
    assertThat(parser.frames()).isEmpty();
    assertThat(parser.lastEventId()).isEmpty();
    assertThat(parser.comments()).containsExactly(" refused 9");
  }

  @Test
  void rendersControlFrames() {
    assertThat(frames(new Signal.Open(cursor(3))))
        .containsExactly(new Frame("3-00003", "gapless.open", "{\"cursor\":\"3-00003\"}"));
    assertThat(frames(new Signal.Live(cursor(3))))
        .containsExactly(new Frame("3-00003", "gapless.live", "{\"cursor\":\"3-00003\"}"));
    assertThat(frames(new Signal.Heartbeat(cursor(4), true)))
        .containsExactly(new Frame("4-00004", "gapless.heartbeat", "{}"));
    assertThat(ENCODER.encode(new Signal.Heartbeat(cursor(4), false)).utf8String())
        .isEqualTo(":\n\n");
    assertThat(
            frames(
                new Signal.Reset(
                    LostReason.DIVERGED,
                    cursor(9),
                    cursor(2),
                    cursor(5),
                    cursor(2),
                    Optional.of("acme"))))
        .containsExactly(
            new Frame(
                "2-00002",
                "gapless.reset",
                "{\"reason\":\"diverged\",\"requested\":\"9-00009\",\"earliest\":\"2-00002\","
                    + "\"head\":\"5-00005\",\"owner\":\"acme\"}"));
  }

  @ParameterizedTest
  @EnumSource(CloseReason.class)
  void closesWithATimeToComeBackWhereThatMakesSense(CloseReason reason) {
    SseParser parser =
        new SseParser().feed(bytes(ENCODER.encode(new Signal.Close(reason, cursor(5)))));
    assertThat(parser.frames())
        .containsExactly(
            new Frame(
                "5-00005",
                "gapless.close",
                "{\"reason\":\"" + reason.name().toLowerCase(java.util.Locale.ROOT) + "\"}"));
    assertThat(parser.retry().isPresent())
        .isEqualTo(
            List.of(CloseReason.DRAIN, CloseReason.ERROR, CloseReason.OVERLOADED).contains(reason));
  }

  @ParameterizedTest
  @EnumSource(CloseReason.class)
  void refusesWithOneTimeToComeBack(CloseReason reason) {
    long least = reason == CloseReason.OVERLOADED ? 5_000 : 1_000;
    for (Optional<Cursor> cursor : List.of(Optional.<Cursor>empty(), Optional.of(cursor(5)))) {
      ByteString refused = ENCODER.refused(reason, cursor);
      assertThat(refused.utf8String().split("retry: ", -1)).hasSize(2);
      SseParser parser = new SseParser().feed(bytes(refused));
      assertThat(parser.retry().orElseThrow()).isBetween(least, 3 * least);
      assertThat(parser.lastEventId()).isEqualTo(cursor.map(Cursor::toString).orElse(""));
      assertThat(parser.frames()).hasSize(1);
      assertThat(parser.frames().get(0).data())
          .isEqualTo("{\"reason\":\"" + SignalEncoder.name(reason) + "\"}");
    }
  }

  @Test
  void sendsLargeEventsInPortionsOfWholeFrames() {
    List<HubEvent> small = new ArrayList<>();
    List<HubEvent> large = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      small.add(event(i, Optional.of("1")));
      large.add(event(i, Optional.of("\"" + "a".repeat(100_000) + "\"")));
    }
    assertThat(ENCODER.portions(new Signal.Events(small))).hasSize(1);
    List<ByteString> portions = ENCODER.portions(new Signal.Events(large));
    assertThat(portions).allMatch(portion -> portion.size() < 400_000);
    List<Long> positions = new ArrayList<>();
    for (ByteString portion : portions) {
      SseParser parser = new SseParser().feed(bytes(portion));
      assertThat(parser.isBetweenFrames()).isTrue();
      positions.addAll(positions(parser));
    }
    assertThat(positions).hasSize(20).isSorted();
  }

  @Test
  void spreadsTheTimesToComeBack() {
    List<Long> times = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      times.add(
          new SseParser()
              .feed(bytes(ENCODER.encode(new Signal.Open(cursor(1)))))
              .retry()
              .orElseThrow());
    }
    assertThat(times).allMatch(time -> time >= 1_000 && time <= 3_000);
    assertThat(times.stream().distinct().count()).isGreaterThan(50);
  }

  @Test
  void leavesControlToCommentsWhereAsked() {
    SignalEncoder quiet = SignalEncoder.create(NativeFrames.INSTANCE, false, Duration.ofSeconds(2));
    SseParser parser = new SseParser();
    parser.feed(bytes(quiet.encode(new Signal.Open(cursor(1)))));
    parser.feed(bytes(quiet.encode(new Signal.Close(CloseReason.DRAIN, cursor(1)))));
    assertThat(parser.frames()).isEmpty();
  }

  /** Cut at every byte of every kind of frame, resumed with the last id: each event once. */
  @ParameterizedTest
  @EnumSource(Mode.class)
  void everyCutResumesWithoutGapOrDuplicate(Mode mode) {
    List<Long> all = List.of(1L, 2L, 3L, 4L);
    byte[] first = stream("99-00099");
    for (int cut = 0; cut <= first.length; cut++) {
      SseParser parser = new SseParser(mode).feed(first, 0, cut);
      List<Long> seen = positions(parser);
      String resume = parser.lastEventId().isEmpty() ? "99-00099" : parser.lastEventId();
      seen.addAll(positions(new SseParser(mode).feed(stream(resume))));
      assertThat(seen).as("cut at byte %d of %d", cut, first.length).isEqualTo(all);
    }
  }

  /** A log of four events in which the cursor 99 has diverged: what a node sends from a cursor. */
  private static byte[] stream(String after) {
    Cursor asked = Cursor.parse(after).orElseThrow();
    ByteString bytes = ENCODER.encode(new Signal.Open(asked));
    long from = asked.position();
    if (from == 99) {
      bytes =
          bytes.concat(
              ENCODER.encode(
                  new Signal.Reset(
                      LostReason.DIVERGED,
                      asked,
                      Cursor.EARLIEST,
                      cursor(4),
                      Cursor.EARLIEST,
                      Optional.empty())));
      from = 0;
    }
    Cursor own = from == 0 ? Cursor.EARLIEST : asked;
    for (long position = from + 1; position <= 4; position++) {
      HubEvent event = event(position, Optional.of("\"a\\nb\u2028\""));
      own = event.cursor();
      bytes = bytes.concat(ENCODER.encode(new Signal.Events(List.of(event))));
      if (position == 2) {
        bytes = bytes.concat(ENCODER.encode(new Signal.Live(own)));
        bytes = bytes.concat(ENCODER.encode(new Signal.Heartbeat(own, false)));
      }
      if (position == 3) {
        bytes = bytes.concat(ENCODER.encode(new Signal.Heartbeat(own, true)));
      }
    }
    return bytes(bytes.concat(ENCODER.encode(new Signal.Close(CloseReason.DRAIN, own))));
  }

  private static List<Long> positions(SseParser parser) {
    List<Long> positions = new ArrayList<>();
    for (Frame frame : parser.frames()) {
      if (frame.event().equals("order.created")) {
        positions.add(Cursor.parse(frame.id()).orElseThrow().position());
      }
    }
    return positions;
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.of(
            "\r", "\n", "\r\n", "\u2028", "\u2029", "\u0085", " ", "\ufeff", "", "😀", "data:",
            "id: 1", ":", "\"", "\\", "é", "a", "\n\n", "\t", "\u007f", "\ufffd")
        .list()
        .ofMaxSize(40)
        .map(parts -> String.join("", parts));
  }

  @Provide
  Arbitrary<String> paths() {
    return Arbitraries.of("a", " ", "\"", "\\", "😀", "<script>", "\u2028", "%2F", "\ufeff")
        .list()
        .ofMinSize(1)
        .ofMaxSize(10)
        .map(parts -> "/" + String.join("", parts));
  }

  private static Frame only(HubEvent event) {
    byte[] bytes = bytes(NativeFrames.INSTANCE.encode(event));
    SseParser parser = new SseParser().feed(bytes);
    assertThat(parser.frames()).hasSize(1);
    assertThat(parser.isBetweenFrames()).isTrue();
    SseParser other = new SseParser(Mode.IGNORES_FRAMES_WITHOUT_DATA).feed(bytes);
    assertThat(other.frames()).isEqualTo(parser.frames());
    assertThat(parser.lastEventId()).isEqualTo(event.cursor().toString());
    return parser.frames().get(0);
  }

  private static List<Frame> frames(Signal signal) {
    return SseParser.parse(bytes(ENCODER.encode(signal)));
  }

  private static byte[] bytes(ByteString bytes) {
    return bytes.toArray();
  }

  private static Cursor cursor(long position) {
    return new Cursor(position, (int) position);
  }

  private static HubEvent event(long position, Optional<String> data) {
    return TestHubEvents.of(
        new Event(position, "acme", "/orders/" + position, "order.created", data, AT));
  }
}
