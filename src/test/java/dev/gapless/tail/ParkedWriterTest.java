package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** A transaction that has drawn a position and stays open holds back what comes after it. */
class ParkedWriterTest {

  @Test
  void holdsBackForAMoment() throws Exception {
    holdsBack(Duration.ofSeconds(5));
  }

  @Test
  @Tag("long")
  void holdsBackForLong() throws Exception {
    holdsBack(Duration.ofSeconds(20));
  }

  private static void holdsBack(Duration parked) throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      PGSimpleDataSource source = kit.database.dataSource();
      source.setApplicationName("the parked one");
      try (Connection writer = source.getConnection()) {
        writer.setAutoCommit(false);
        TailKit.execute(writer, TailKit.insert(1));
        long pid = TailKit.longs(writer, "SELECT pg_backend_pid()").get(0);
        Instant begun = Instant.now();
        AtomicBoolean running = new AtomicBoolean(true);
        Thread others = new Thread(() -> commitWhile(kit, running));
        others.start();
        await()
            .atMost(Duration.ofSeconds(2))
            .pollInterval(Duration.ofMillis(20))
            .until(() -> !kit.status.get().blockers().isEmpty());
        TailStatus blocked = kit.status.get();
        assertThat(blocked.state()).isEqualTo(TailStatus.State.BLOCKED);
        assertThat(blocked.blockers())
            .anySatisfy(
                blocker -> {
                  assertThat((long) blocker.pid()).isEqualTo(pid);
                  assertThat(blocker.name()).isEqualTo("the parked one");
                });
        assertThat(blocked.blockedSince().orElseThrow()).isBetween(begun, begun.plusSeconds(2));

        long before = blocked.statements().total();
        long from = System.nanoTime();
        await().during(parked.minusSeconds(2)).atMost(parked).until(() -> kit.events.isEmpty());
        double seconds = (System.nanoTime() - from) / 1e9;
        double rate = (kit.status.get().statements().total() - before) / seconds;
        System.out.printf("a parked writer costs %.1f statements a second%n", rate);
        assertThat(rate).isLessThanOrEqualTo(30);
        assertThat(kit.status.get().lag()).isPositive();

        running.set(false);
        others.join();
        List<Long> committed = kit.committed(0);
        long ended = System.nanoTime();
        writer.commit();
        committed.add(0, 1L);
        kit.awaitPositions(committed);
        long last = kit.arrivedAt.get(committed.get(committed.size() - 1));
        System.out.printf(
            "%d events flowed %d ms after its end%n", committed.size(), (last - ended) / 1_000_000);
        assertThat(last - ended).isLessThan(Duration.ofMillis(1500).toNanos());
        await().until(() -> kit.status.get().state() == TailStatus.State.FOLLOWING);
        assertThat(kit.status.get().blockers()).isEmpty();
      }
    }
  }

  private static void commitWhile(TailKit kit, AtomicBoolean running) {
    try (Connection connection = kit.connect()) {
      while (running.get()) {
        TailKit.execute(connection, TailKit.insert(1));
        LockSupport.parkNanos(5_000_000);
      }
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatALowerWriterCommitsFlowsWhileAHigherOneIsParked() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create());
        Connection low = kit.connect();
        Connection high = kit.connect()) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      low.setAutoCommit(false);
      high.setAutoCommit(false);
      TailKit.execute(low, TailKit.insert(1));
      kit.execute(TailKit.insert(1));
      TailKit.execute(high, TailKit.insert(1));
      kit.execute(TailKit.insert(1));
      await().until(() -> !kit.status.get().blockers().isEmpty());
      low.commit();
      kit.awaitPositions(List.of(1L, 2L));
      high.rollback();
      kit.awaitPositions(List.of(1L, 2L, 4L));
    }
  }

  @Test
  void sessionsIdleInATransactionThatWroteElsewhereDelayNothing() throws Exception {
    List<Connection> idle = new ArrayList<>();
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.execute("CREATE TABLE elsewhere (x int)");
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      for (int i = 0; i < 60; i++) {
        Connection connection = kit.connect();
        idle.add(connection);
        connection.setAutoCommit(false);
        TailKit.execute(connection, "INSERT INTO elsewhere VALUES (1)");
        TailKit.execute(connection, "SELECT * FROM gapless.events");
      }
      for (int i = 0; i < 20; i++) {
        try (Connection connection = kit.connect()) {
          connection.setAutoCommit(false);
          TailKit.execute(connection, TailKit.insert(1));
          connection.rollback();
        }
        long begun = System.nanoTime();
        kit.execute(TailKit.insert(1));
        kit.awaitPositions(kit.committed(0));
        long arrived = kit.arrivedAt.get((i + 1) * 2L);
        assertThat(arrived - begun).isLessThan(Duration.ofSeconds(2).toNanos());
      }
      assertThat(kit.status.get().wakes().get(WakeCause.POLL)).isZero();
    } finally {
      for (Connection connection : idle) {
        connection.close();
      }
    }
  }

  @Test
  void aPreparedTransactionHoldsBackAcrossARestartOfPostgres() throws Exception {
    try (TailKit kit =
        new TailKit(TestDatabase.ownCluster(Map.of("max_prepared_transactions", "5")))) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      kit.execute(TailKit.insert(1));
      kit.awaitPositions(List.of(1L));
      try (Connection writer = kit.connect()) {
        writer.setAutoCommit(false);
        TailKit.execute(writer, TailKit.insert(1));
        TailKit.execute(writer, "PREPARE TRANSACTION 'held back'");
      }
      kit.execute(TailKit.insert(1));
      awaitBlockedBy(kit, "held back");
      kit.database.stop(StopMode.FAST);
      await().until(() -> kit.status.get().state() == TailStatus.State.DISCONNECTED);
      kit.database.start();
      kit.execute(TailKit.insert(1));
      awaitBlockedBy(kit, "held back");
      assertThat(kit.positions()).containsExactly(1L);
      long ended = System.nanoTime();
      kit.execute("COMMIT PREPARED 'held back'");
      List<Long> committed = kit.committed(0);
      kit.awaitPositions(committed);
      assertThat(committed).startsWith(1L, 2L, 3L).hasSize(4);
      assertThat(kit.arrivedAt.get(2L) - ended).isLessThan(Duration.ofMillis(500).toNanos());
      assertThat(kit.restarts())
          .containsExactly(TailOutput.RestartReason.STARTED, TailOutput.RestartReason.RECONNECTED);
    }
  }

  private static void awaitBlockedBy(TailKit kit, String name) {
    await()
        .atMost(Duration.ofSeconds(15))
        .until(
            () ->
                kit.status.get().blockers().stream()
                    .anyMatch(blocker -> blocker.name().equals(name) && blocker.pid() == 0));
  }
}
