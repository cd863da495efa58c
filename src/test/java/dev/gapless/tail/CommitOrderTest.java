package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is delivered is what was committed, in order, whatever the order of the commits. */
class CommitOrderTest {

  @Test
  void sixteenWritersForAMoment() throws Exception {
    deliversWhatIsCommitted(16, Duration.ofSeconds(4));
  }

  @Test
  @Tag("long")
  void sixteenWriters() throws Exception {
    deliversWhatIsCommitted(16, Duration.ofSeconds(30));
  }

  @Test
  @Tag("long")
  void sixtyFourWriters() throws Exception {
    deliversWhatIsCommitted(64, Duration.ofSeconds(30));
  }

  private static void deliversWhatIsCommitted(int writers, Duration duration) throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      int naive;
      try (TestWriters.NaiveReader reader =
          new TestWriters.NaiveReader(kit.database.dataSource())) {
        TestWriters.run(kit.database.dataSource(), writers, duration, 42);
        naive = reader.seen();
      }
      List<Long> committed = kit.committed(0);
      kit.awaitPositions(committed);
      kit.assertHeadsConsistent();
      System.out.printf(
          "%d writers: %d committed, all delivered with %s; a naive reader lost %d%n",
          writers, committed.size(), kit.status.get().statements(), committed.size() - naive);
      System.out.printf("from insert to arrival: %s%n", latencies(kit));
      assertThat(naive).as("without a race this proves nothing").isLessThan(committed.size());
    }
  }

  /** The pauses of the writers between insert and commit are in it. */
  private static String latencies(TailKit kit) {
    long clock = System.currentTimeMillis() - System.nanoTime() / 1_000_000;
    long[] millis =
        kit.events.stream()
            .mapToLong(
                event ->
                    clock
                        + kit.arrivedAt.get(event.position()) / 1_000_000
                        - event.at().toEpochMilli())
            .sorted()
            .toArray();
    return "p50 %d ms, p99 %d ms, max %d ms"
        .formatted(
            millis[millis.length / 2], millis[millis.length * 99 / 100], millis[millis.length - 1]);
  }
}
