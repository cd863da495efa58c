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

/** Positions that will never hold an event are passed; positions that should not exist stop it. */
class DeadPositionsTest {
  private TailKit kit;

  @BeforeEach
  void start() throws Exception {
    kit = new TailKit(TestDatabase.create());
    kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.of(1L));
    awaitRest();
  }

  @AfterEach
  void close() {
    kit.close();
  }

  @Test
  void aRolledBackTransactionOfAHundredThousandRows() throws Exception {
    try (Connection writer = kit.connect()) {
      writer.setAutoCommit(false);
      TailKit.execute(writer, TailKit.insert(100_000));
      writer.rollback();
    }
    passesAt(100_002);
  }

  @Test
  void aSequenceThatJumpsByThirtyMillion() throws Exception {
    kit.execute("SELECT setval(pg_get_serial_sequence('gapless.events', 'id'), 30000000)");
    passesAt(30_000_001);
  }

  private void passesAt(long position) throws Exception {
    awaitRest();
    long before = kit.status.get().statements().total();
    long begun = System.nanoTime();
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.of(1L, position));
    long took = kit.arrivedAt.get(position) - begun;
    long statements = kit.status.get().statements().total() - before;
    System.out.printf(
        "passed to %d in %d ms with %d statements%n", position, took / 1_000_000, statements);
    assertThat(took).isLessThan(Duration.ofSeconds(1).toNanos());
    assertThat(statements).isLessThanOrEqualTo(20);
  }

  @Test
  void aForcedPositionStopsTheHeadUntilTheSequenceHasCaughtUp() throws Exception {
    kit.execute(forced(50));
    await().until(() -> kit.status.get().forcedPosition() == 50);
    kit.execute(TailKit.insert(3));
    kit.awaitPositions(List.of(1L, 2L, 3L, 4L));
    kit.execute(TailKit.insert(44));
    kit.awaitPositions(kit.committed(0).subList(0, 48));
    assertThat(kit.status.get().head().position()).isEqualTo(48);
    assertThat(kit.status.get().forcedPosition()).isEqualTo(50);
    assertThat(kit.status.get().lag()).isEqualTo(2);

    kit.execute(TailKit.insert(1));
    try (Connection writer = kit.connect()) {
      // the writer that draws the forced position fails, and with it the position is real
      org.assertj.core.api.Assertions.assertThatThrownBy(
          () -> TailKit.execute(writer, TailKit.insert(1)));
    }
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.copyOf(kit.committed(0)));
    await().until(() -> kit.status.get().forcedPosition() == 0);
    kit.assertHeadsConsistent();
  }

  @Test
  void aForcedPositionRightAfterTheHeadIsNoticedToo() throws Exception {
    kit.execute(forced(2));
    await().until(() -> kit.status.get().forcedPosition() == 2);
    await().until(() -> kit.status.get().state() == TailStatus.State.FOLLOWING);
    assertThat(kit.status.get().head().position()).isLessThanOrEqualTo(1);
    await()
        .during(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(2))
        .until(() -> kit.status.get().restarts() == 2);
  }

  @Test
  void aForcedPositionDoesNotBecomeTheFirstHead() throws Exception {
    kit.stopTail();
    kit.execute("DELETE FROM gapless.decided");
    kit.execute(forced(50));
    kit.outputs.clear();
    kit.events.clear();
    kit.startTail(TailKit.settings("")).awaitStarted();
    assertThat(kit.outputs.get(0))
        .isEqualTo(new TailOutput.Restarted(Cursor.EARLIEST, TailOutput.RestartReason.STARTED));
    kit.awaitPositions(List.of(1L));
    await().until(() -> kit.status.get().forcedPosition() == 50);
  }

  private static String forced(long position) {
    return "INSERT INTO gapless.events (id, owner, path, type) OVERRIDING SYSTEM VALUE VALUES ("
        + position
        + ", 'o', '/p', 'put')";
  }

  /** Until a pass has ended: the polls cost one statement each from here on. */
  private void awaitRest() {
    await()
        .until(
            () -> {
              long locks = kit.status.get().statements().locks();
              await().pollDelay(Duration.ofMillis(200)).until(() -> true);
              return kit.status.get().statements().locks() == locks;
            });
  }
}
