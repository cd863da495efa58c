package dev.gapless.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.InvalidValueException;
import dev.gapless.files.Conditions.Read;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionsTest {
  private static final StoredFile FILE =
      new StoredFile(
          new FileKey("acme", "/a"),
          1,
          "aGFzaA==",
          "text/plain",
          Instant.parse("2026-11-22T10:00:00.700Z"),
          1,
          1024);
  private static final EntityTags SAME = EntityTags.of("\"aGFzaA==\"");
  private static final EntityTags OTHER = EntityTags.of("\"b\"");
  private static final EntityTags WEAK = EntityTags.parse("If-Match", "W/\"aGFzaA==\"");

  @Test
  void ifMatchNeedsTheSameStrongTag() {
    assertThat(Conditions.ifMatch(SAME).allowWrite(Optional.of(FILE))).isTrue();
    assertThat(Conditions.ifMatch(EntityTags.ANY).allowWrite(Optional.of(FILE))).isTrue();
    assertThat(Conditions.ifMatch(OTHER).allowWrite(Optional.of(FILE))).isFalse();
    assertThat(Conditions.ifMatch(WEAK).allowWrite(Optional.of(FILE))).isFalse();
    assertThat(Conditions.ifMatch(EntityTags.ANY).allowWrite(Optional.empty())).isFalse();
    assertThat(Conditions.ifMatch(OTHER).forRead(FILE)).isEqualTo(Read.FAILED);
  }

  @Test
  void ifNoneMatchComparesWeakly() {
    assertThat(Conditions.ifNoneMatch(EntityTags.ANY).allowWrite(Optional.empty())).isTrue();
    assertThat(Conditions.ifNoneMatch(EntityTags.ANY).allowWrite(Optional.of(FILE))).isFalse();
    assertThat(Conditions.ifNoneMatch(OTHER).allowWrite(Optional.of(FILE))).isTrue();
    assertThat(Conditions.ifNoneMatch(WEAK).allowWrite(Optional.of(FILE))).isFalse();
    assertThat(Conditions.ifNoneMatch(WEAK).forRead(FILE)).isEqualTo(Read.NOT_MODIFIED);
    assertThat(Conditions.ifNoneMatch(OTHER).forRead(FILE)).isEqualTo(Read.PROCEED);
  }

  @Test
  void datesCountInWholeSeconds() {
    Instant modified = Instant.parse("2026-11-22T10:00:00Z");
    assertThat(since(Optional.empty(), modified).forRead(FILE)).isEqualTo(Read.NOT_MODIFIED);
    assertThat(since(Optional.empty(), modified.minusSeconds(1)).forRead(FILE))
        .isEqualTo(Read.PROCEED);
    assertThat(unmodified(modified).allowWrite(Optional.of(FILE))).isTrue();
    assertThat(unmodified(modified.minusSeconds(1)).allowWrite(Optional.of(FILE))).isFalse();
  }

  @Test
  void aTagWinsOverADate() {
    Instant modified = Instant.parse("2026-11-22T10:00:00Z");
    assertThat(since(Optional.of(OTHER), modified).forRead(FILE)).isEqualTo(Read.PROCEED);
  }

  @Test
  void listsOfTagsAreRead() {
    EntityTags tags = EntityTags.parse("If-Match", " \"a,b\" ,W/\"c\",, \"\"");
    assertThat(tags.strong()).isEqualTo(List.of("\"a,b\"", "\"\""));
    assertThat(tags.weak()).isEqualTo(List.of("\"c\""));
    assertThat(EntityTags.parse("If-Match", " * ").any()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " , ", "a", "\"a", "\"a\"b", "W/a", "W/", "\"a\"\"b\"", "*, \"a\""})
  void whatIsNoListOfTagsIsRefused(String value) {
    assertThatThrownBy(() -> EntityTags.parse("If-Match", value))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageStartingWith("If-Match");
  }

  private static Conditions since(Optional<EntityTags> none, Instant since) {
    return new Conditions(Optional.empty(), none, Optional.of(since), Optional.empty());
  }

  private static Conditions unmodified(Instant since) {
    return new Conditions(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(since));
  }
}
