package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.EventLog.ReadResult;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Those who begin in the middle of the others' pages share the pages that follow. */
class AlignedPagesTest {
  private static Event event(long position) {
    return new Event(position, "acme", "/a", "t", Optional.empty(), Instant.EPOCH);
  }

  private static List<Long> aligned(LongStream positions) {
    List<Event> events = positions.mapToObj(AlignedPagesTest::event).toList();
    Cursor last = events.get(events.size() - 1).cursor();
    return CatchUpReader.aligned(new ReadResult.Page(events, last, false), 10).stream()
        .map(Event::position)
        .toList();
  }

  @Test
  void aPageEndsAtAMultiple() {
    assertThat(aligned(LongStream.rangeClosed(4, 13))).endsWith(10L).hasSize(7);
    assertThat(aligned(LongStream.rangeClosed(11, 20))).hasSize(10);
    assertThat(aligned(LongStream.of(4, 7, 11, 18, 22, 29))).containsExactly(4L, 7L, 11L, 18L);
  }

  @Test
  void whatHasNoMultipleInItStaysWhole() {
    assertThat(aligned(LongStream.of(11, 15, 19))).hasSize(3);
  }

  @Test
  void aReadThatExaminedMoreThanItFoundStaysWhole() {
    List<Event> events = List.of(event(4), event(12));
    ReadResult.Page page = new ReadResult.Page(events, event(40).cursor(), false);
    assertThat(CatchUpReader.aligned(page, 10)).hasSize(2);
  }
}
