package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads;
import dev.gapless.tail.TailOutput.RestartReason;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Another node erases rows that this one stands on or has not read yet. */
class ErasedRowsTest {
  private TailKit kit;

  @BeforeEach
  void open() {
    kit = new TailKit(TestDatabase.create());
  }

  @AfterEach
  void close() {
    kit.close();
  }

  @Test
  void theRowAtTheHeadOfAnIdleNodeGoes() throws Exception {
    kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
    kit.execute(TailKit.insert(5));
    kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
    erase(5, 5);
    awaitPolls();
    assertThat(kit.status.get().head().position()).isEqualTo(5);
    kit.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"
            + kit.applicationName
            + "'");
    await().until(() -> kit.restarts().size() == 2);
    kit.execute(TailKit.insert(2));
    kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L));
    erase(1, 7);
    awaitPolls();
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L));
    assertThat(kit.restarts())
        .as("never as a log that went back")
        .containsExactly(RestartReason.STARTED, RestartReason.RECONNECTED);
    kit.assertHeadsConsistent();
  }

  @Test
  void whatALaggingNodeHasNotReadIsDeadToIt() throws Exception {
    kit.acknowledging(false);
    kit.startTail(
            TailKit.settings("gapless.tail { batch-events = 10, unacknowledged-batches = 3 }"))
        .awaitStarted();
    kit.execute(TailKit.insert(100));
    await().until(() -> kit.events.size() == 30);
    erase(25, 60);
    erase(90, 100);
    kit.execute(TailKit.insert(1));
    kit.acknowledging(true);
    List<Long> expected =
        LongStream.rangeClosed(1, 101)
            .filter(p -> p <= 30 || (p > 60 && p < 90) || p == 101)
            .boxed()
            .toList();
    kit.awaitPositions(expected);
    assertThat(kit.restarts()).containsExactly(RestartReason.STARTED);
    kit.assertHeadsConsistent();
  }

  @Test
  void aRowWithAnotherFingerprintIsStillALogThatWentBack() throws Exception {
    kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
    kit.execute(TailKit.insert(5));
    kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
    kit.execute(
        "BEGIN; INSERT INTO gapless.erased VALUES (5, 1); DELETE FROM gapless.events WHERE id = 5;"
            + " COMMIT");
    await().until(() -> kit.restarts().contains(RestartReason.DIVERGED));
  }

  @Test
  void aNodeStartsFromTheStoredMarkThoughItsEventWasErased() throws Exception {
    kit.startTail(TailKit.settings("")).awaitStarted();
    kit.execute(TailKit.insert(5));
    await().until(() -> storedMark() == 5);
    kit.stopTail();
    kit.outputs.clear();
    kit.events.clear();
    erase(2, 5);
    try (Connection parked = kit.connect()) {
      parked.setAutoCommit(false);
      TailKit.execute(parked, TailKit.insert(1));
      kit.execute(TailKit.insert(2));
      kit.startTail(TailKit.settings("")).awaitStarted();
      assertThat(((TailOutput.Restarted) kit.outputs.get(0)).head().position()).isEqualTo(5);
      parked.commit();
    }
    kit.awaitPositions(List.of(6L, 7L, 8L));
    assertThat(kit.restarts()).containsExactly(RestartReason.STARTED);
  }

  private long storedMark() throws SQLException {
    try (Connection connection = kit.connect()) {
      return HeadReads.create().decided(connection).map(Cursor::position).orElse(0L);
    }
  }

  private void awaitPolls() {
    long rows = kit.status.get().statements().rows();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> kit.status.get().statements().rows() > rows + 1);
  }

  /** As an erasure does, in one transaction. */
  private void erase(long from, long to) throws SQLException {
    try (Connection connection = kit.connect()) {
      StringBuilder sql = new StringBuilder("BEGIN;");
      List<Event> rows =
          HeadReads.create().rows(connection, from, to, (int) (to - from + 1), 1 << 20);
      for (Event row : rows) {
        sql.append("INSERT INTO gapless.erased VALUES (")
            .append(row.position())
            .append(", ")
            .append(row.cursor().fingerprint())
            .append(");");
      }
      sql.append("DELETE FROM gapless.events WHERE id BETWEEN " + from + " AND " + to + "; COMMIT");
      TailKit.execute(connection, sql.toString());
    }
  }
}
