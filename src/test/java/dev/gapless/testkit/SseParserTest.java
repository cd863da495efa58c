package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.SseParser.Frame;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The examples of the HTML standard, and the details a client's cursor depends on. */
class SseParserTest {

  @Test
  void readsTheExamplesOfTheStandard() {
    assertThat(frames("data: YHOO\ndata: +2\ndata: 10\n\n"))
        .containsExactly(new Frame("", "message", "YHOO\n+2\n10"));
    assertThat(frames("data\n\ndata\ndata\n\ndata:"))
        .containsExactly(new Frame("", "message", ""), new Frame("", "message", "\n"));
    assertThat(frames("data:test\n\ndata: test\n\n"))
        .containsExactly(new Frame("", "message", "test"), new Frame("", "message", "test"));
    assertThat(
            frames(
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"))
        .containsExactly(
            new Frame("1", "message", "first event"),
            new Frame("", "message", "second event"),
            new Frame("", "message", " third event"));
  }

  @Test
  void endsLinesAtCrLfAndBoth() {
    assertThat(frames("data: a\r\ndata: b\rdata: c\n\r\n\r\rdata: d\n\n"))
        .containsExactly(new Frame("", "message", "a\nb\nc"), new Frame("", "message", "d"));
  }

  @Test
  void skipsOneByteOrderMarkAtTheStart() {
    assertThat(frames("\ufeffdata: a\n\n\ufeffdata: b\n\n"))
        .containsExactly(new Frame("", "message", "a"));
  }

  @Test
  void ignoresAnIdWithNul() {
    assertThat(frames("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"))
        .containsExactly(new Frame("1", "message", "a"), new Frame("1", "message", "b"));
  }

  @Test
  void takesFramesWithoutDataAsItsModeSays() {
    byte[] stream = "id: 1\ndata: a\n\nid: 2\n\n".getBytes(StandardCharsets.UTF_8);
    assertThat(new SseParser().feed(stream).lastEventId()).isEqualTo("2");
    SseParser firefox = new SseParser(SseParser.Mode.IGNORES_FRAMES_WITHOUT_DATA).feed(stream);
    assertThat(firefox.lastEventId()).isEqualTo("1");
  }

  @Test
  void dropsWhatIsCutWithItsId() {
    SseParser parser =
        new SseParser().feed("id: 1\ndata: a\n\nid: 2\ndata: b\n".getBytes(StandardCharsets.UTF_8));
    assertThat(parser.frames()).hasSize(1);
    assertThat(parser.lastEventId()).isEqualTo("1");
    assertThat(parser.isBetweenFrames()).isFalse();
  }

  private static List<Frame> frames(String stream) {
    return SseParser.parse(stream.getBytes(StandardCharsets.UTF_8));
  }
}
