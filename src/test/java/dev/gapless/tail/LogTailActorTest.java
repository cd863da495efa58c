package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogTailActorTest {
  private TailKit kit;

  @BeforeEach
  void create() {
    kit = new TailKit(TestDatabase.create());
  }

  @AfterEach
  void close() {
    kit.close();
  }

  @Test
  void startsAtTheBeginningOfAnEmptyLogAndDeliversWhatIsCommitted() throws Exception {
    kit.startTail(TailKit.settings("")).awaitStarted();
    assertThat(kit.outputs.get(0))
        .isEqualTo(new TailOutput.Restarted(Cursor.EARLIEST, TailOutput.RestartReason.STARTED));

    kit.execute(TailKit.insert(3));
    kit.wake();
    kit.awaitPositions(List.of(1L, 2L, 3L));
    kit.execute(TailKit.insert(2500));
    kit.awaitPositions(kit.committed(0));
    kit.assertHeadsConsistent();
    assertThat(kit.status.get().wakes().get(WakeCause.LOCAL)).isEqualTo(1);
  }

  @Test
  void startsAtTheHighestEventWhenNobodyIsInFlight() throws Exception {
    kit.execute(TailKit.insert(10));
    kit.startTail(TailKit.settings("")).awaitStarted();
    assertThat(((TailOutput.Restarted) kit.outputs.get(0)).head().position()).isEqualTo(10);
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.of(11L));
  }

  @Test
  void doesNotStartAtAnUndecidedPosition() throws Exception {
    try (Connection parked = kit.connect()) {
      parked.setAutoCommit(false);
      TailKit.execute(parked, TailKit.insert(1));
      kit.execute(TailKit.insert(2));
      kit.startTail(TailKit.settings(""));
      await().until(() -> !kit.status.get().blockers().isEmpty());
      assertThat(kit.outputs).isEmpty();
      assertThat(kit.status.get().state()).isEqualTo(TailStatus.State.STARTING);
      parked.commit();
    }
    kit.awaitStarted();
    assertThat(((TailOutput.Restarted) kit.outputs.get(0)).head().position()).isEqualTo(3);
  }

  @Test
  void goesOnFromTheStoredMarkBehindAParkedWriter() throws Exception {
    kit.startTail(TailKit.settings("")).awaitStarted();
    kit.execute(TailKit.insert(5));
    await()
        .until(
            () -> {
              try (Connection connection = kit.connect()) {
                return TailKit.longs(connection, "SELECT position FROM gapless.decided")
                    .equals(List.of(5L));
              }
            });
    kit.stopTail();
    kit.outputs.clear();
    kit.events.clear();
    try (Connection parked = kit.connect()) {
      parked.setAutoCommit(false);
      TailKit.execute(parked, TailKit.insert(1));
      kit.execute(TailKit.insert(2));
      kit.startTail(TailKit.settings("")).awaitStarted();
      assertThat(((TailOutput.Restarted) kit.outputs.get(0)).head().position()).isEqualTo(5);
      parked.commit();
    }
    kit.awaitPositions(List.of(6L, 7L, 8L));
  }

  @Test
  void readsNoFurtherThanTheHubTakes() throws Exception {
    kit.acknowledging(false);
    kit.startTail(
            TailKit.settings("gapless.tail { batch-events = 10, unacknowledged-batches = 3 }"))
        .awaitStarted();
    kit.execute(TailKit.insert(100));
    await().until(() -> kit.events.size() == 30);
    await()
        .during(Duration.ofMillis(300))
        .atMost(Duration.ofSeconds(2))
        .until(() -> kit.events.size() == 30);
    kit.acknowledging(true);
    kit.awaitPositions(kit.committed(0));
  }

  @Test
  void leavesNoConnectionBehind() throws Exception {
    kit.startTail(TailKit.settings("")).awaitStarted();
    kit.startListener().awaitListening();
    await().until(() -> kit.connectionsOpen() == 2);
    kit.stopListener();
    kit.stopTail();
    await().until(() -> kit.connectionsOpen() == 0);
  }
}
