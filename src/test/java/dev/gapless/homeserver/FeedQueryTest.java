package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeedQueryTest {
  @Test
  void hasDefaults() {
    assertThat(parse()).isEqualTo(new FeedQuery(Cursor.EARLIEST, 100));
    assertThat(parse("cursor", "", "other", "x")).isEqualTo(new FeedQuery(Cursor.EARLIEST, 100));
  }

  @ParameterizedTest
  @CsvSource({
    "42,42",
    "pubky://42,42",
    "pubky://,0",
    "0,0",
    "9223372036854775807,9223372036854775807"
  })
  void readsCursors(String text, long position) {
    assertThat(parse("cursor", text).after()).isEqualTo(Cursor.bare(position));
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "-1", "9223372036854775808", "1 ", "now", "pubky://pubky://1"})
  void refusesOtherCursors(String text) {
    assertThatThrownBy(() -> parse("cursor", text))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("Invalid cursor");
  }

  @ParameterizedTest
  @CsvSource({
    "10,10",
    "1000,1000",
    "1001,1000",
    "99999999999999999999,1000",
    "abc,100",
    "-5,100",
    "'',100",
    "0,0"
  })
  void readsLimits(String text, int limit) {
    assertThat(parse("limit", text).limit()).isEqualTo(limit);
  }

  @Test
  void rendersLinesAndTheCursorWithoutATrailingNewline() {
    Event put = event(7, "alice", "/pub/a b", "PUT");
    Event del = event(9, "bob", "/pub/é", "DEL");
    assertThat(FeedText.render(List.of(put, del)))
        .isEqualTo("PUT pubky://alice/pub/a b\nDEL pubky://bob/pub/é\ncursor: 9");
    assertThat(FeedText.render(List.of())).isEmpty();
  }

  private static Event event(long position, String owner, String path, String type) {
    return new Event(position, owner, path, type, Optional.empty(), Instant.EPOCH);
  }

  private static FeedQuery parse(String... namesAndValues) {
    return FeedQuery.parse(StreamQueryTest.parameters(namesAndValues));
  }
}
