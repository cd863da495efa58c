package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Cause;
import dev.gapless.log.RetentionPolicy.Figures;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The decision alone: the oldest partition holds the positions 1 to 10,000. */
class RetentionPolicyTest {
  private static final long END = 10_001;
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Cursor HEAD = new Cursor(25_000, 7);
  private static final RetentionSettings OFF =
      settings(Optional.empty(), OptionalLong.empty(), OptionalLong.empty());
  private static final RetentionSettings AGE =
      settings(Optional.of(Duration.ofHours(1)), OptionalLong.empty(), OptionalLong.empty());
  private static final RetentionSettings BYTES =
      settings(Optional.empty(), OptionalLong.of(50_000_000), OptionalLong.empty());
  private static final RetentionSettings EVENTS =
      settings(Optional.empty(), OptionalLong.empty(), OptionalLong.of(12_000));

  /** Figures at which nothing is due. */
  private int partitions = 6;

  private Cursor head = HEAD;
  private Optional<Cursor> highest = Optional.of(new Cursor(9_998, 3));
  private Cursor retired = Cursor.EARLIEST;
  private long bytes = 50_000_000;
  private long eventsAfter = 11_999;
  private Instant newest = NOW.minusSeconds(3_600);
  private Instant databaseTime = NOW;
  private Instant nodeTime = NOW;

  @Test
  void nothingIsDueAtTheLimits() {
    assertThat(due(OFF)).isEmpty();
    assertThat(due(AGE)).isEmpty();
    assertThat(due(BYTES)).isEmpty();
    assertThat(due(EVENTS)).isEmpty();
  }

  @Test
  void eachLimitRemovesForItsOwnCause() {
    newest = newest.minusNanos(1_000);
    bytes++;
    eventsAfter++;
    assertThat(due(AGE)).contains(Cause.AGE);
    assertThat(due(BYTES)).contains(Cause.BYTES);
    assertThat(due(EVENTS)).contains(Cause.EVENTS);
    assertThat(due(OFF)).isEmpty();
  }

  @Test
  void neverThePartitionOfTheHeadNorOneAboveIt() {
    everythingIsDue();
    head = new Cursor(END, 7);
    assertThat(due(BYTES)).contains(Cause.BYTES);
    head = new Cursor(END - 1, 7);
    assertThat(due(BYTES)).isEmpty();
    assertThat(due(AGE)).isEmpty();
    assertThat(due(EVENTS)).isEmpty();
    head = Cursor.EARLIEST;
    assertThat(due(BYTES)).isEmpty();
  }

  @Test
  void neverTheLastPartition() {
    everythingIsDue();
    partitions = 1;
    assertThat(due(BYTES)).isEmpty();
  }

  @Test
  void whatReadersWereToldIsGoneGoesWhateverTheSettings() {
    retired = new Cursor(9_998, 3);
    assertThat(due(OFF)).contains(Cause.UNFINISHED);
    retired = new Cursor(9_997, 3);
    assertThat(due(OFF)).isEmpty();
    head = new Cursor(9_999, 7);
    retired = new Cursor(9_998, 3);
    assertThat(due(OFF)).as("not even then above the head").isEmpty();
  }

  @Test
  void anEmptyPartitionGoesIfAnythingEverDoes() {
    highest = Optional.empty();
    assertThat(due(AGE)).contains(Cause.EMPTY);
    assertThat(due(OFF)).isEmpty();
  }

  @Test
  void oneClockThatHasJumpedAheadRemovesNothing() {
    databaseTime = NOW.plus(Duration.ofDays(365));
    assertThat(due(AGE)).isEmpty();
    databaseTime = NOW;
    nodeTime = NOW.plus(Duration.ofDays(365));
    assertThat(due(AGE)).isEmpty();
    databaseTime = nodeTime;
    assertThat(due(AGE)).contains(Cause.AGE);
  }

  private void everythingIsDue() {
    newest = NOW.minus(Duration.ofDays(1));
    bytes = 1L << 40;
    eventsAfter = 1_000_000;
  }

  private Optional<Cause> due(RetentionSettings settings) {
    return RetentionPolicy.due(
        settings,
        new Figures(
            partitions,
            END,
            head,
            highest,
            retired,
            bytes,
            eventsAfter,
            highest.map(row -> newest),
            databaseTime,
            nodeTime));
  }

  private static RetentionSettings settings(
      Optional<Duration> age, OptionalLong bytes, OptionalLong events) {
    return new RetentionSettings(age, bytes, events, Duration.ofMinutes(1), Duration.ofSeconds(1));
  }
}
