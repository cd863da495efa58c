package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.tail.TailOutput.RestartReason;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The database goes away and comes back, as it was or as another one. */
class LogHistoryTest {
  private static final String UNGUARDED_TRUNCATE =
      "SET session_replication_role = replica; TRUNCATE gapless.events RESTART IDENTITY;"
          + " SET session_replication_role = origin";

  @Test
  void aRestartOfPostgresLosesAndRepeatsNothing() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.ownCluster())) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      kit.execute(TailKit.insert(5));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
      for (StopMode mode : List.of(StopMode.FAST, StopMode.IMMEDIATE)) {
        kit.database.stop(mode);
        await().until(() -> kit.status.get().state() == TailStatus.State.DISCONNECTED);
        assertThat(kit.status.get().lastFailure()).isPresent();
        kit.database.start();
        kit.execute(TailKit.insert(5));
        kit.awaitPositions(kit.committed(0));
        kit.awaitListening();
      }
      assertThat(kit.restarts())
          .as("each time subscribers look whether what they have got is still there")
          .containsExactly(
              RestartReason.STARTED, RestartReason.RECONNECTED, RestartReason.RECONNECTED);
      kit.assertHeadsConsistent();
      assertThat(kit.status.get().connects()).isEqualTo(3);
    }
  }

  @Test
  void aLogThatWasTruncatedAndBeganAnewIsNoticed() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      kit.execute(TailKit.insert(5));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
      kit.execute(UNGUARDED_TRUNCATE);
      awaitDiverged(kit, 1);
      assertThat(kit.status.get().head().position()).isZero();

      kit.events.clear();
      kit.execute(TailKit.insert(4));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L));
      // now at once, and as far as before: the same position, another event
      kit.events.clear();
      kit.execute(UNGUARDED_TRUNCATE + "; " + TailKit.insert(4));
      awaitDiverged(kit, 2);
      assertThat(kit.status.get().head().position()).isEqualTo(4);
      kit.execute(TailKit.insert(1));
      kit.awaitPositions(List.of(5L));
    }
  }

  @Test
  void commitsLostInACrashAreNoticed() throws Exception {
    try (TailKit kit =
        new TailKit(TestDatabase.ownCluster(Map.of("wal_writer_delay", "10000ms")))) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      kit.execute(TailKit.insert(5));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
      kit.execute(
          "SET synchronous_commit = off; SET gapless.allow_async = on; " + TailKit.insert(3));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L));
      kit.database.kill9();
      kit.database.start();
      assertThat(kit.committed(0)).hasSize(5);
      kit.execute(TailKit.insert(3));
      awaitDiverged(kit, 1);
      assertThat(kit.status.get().head().position()).isIn(5L, kit.committed(0).get(7));
      kit.execute(TailKit.insert(1));
      long last = kit.committed(0).get(8);
      await().until(() -> kit.status.get().head().position() == last);
    }
  }

  @Test
  void eventsRetiredBeforeTheyWereReadAreNoticed() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create());
        TcpProxy proxy = TcpProxy.to(kit.database.port())) {
      PGSimpleDataSource direct = kit.direct();
      direct.setPortNumbers(new int[] {proxy.port()});
      kit.startTail(direct, TailKit.settings("gapless.tail.statement-timeout = 1 s"))
          .awaitStarted();
      kit.execute(TailKit.insert(5));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
      proxy.accepting(false);
      proxy.reset();
      await().until(() -> kit.status.get().state() == TailStatus.State.DISCONNECTED);
      kit.execute(TailKit.insert(10));
      // what retention leaves behind
      kit.execute(
          "INSERT INTO gapless.retired (position, fingerprint) VALUES (10, 4711);"
              + " DELETE FROM gapless.events WHERE id <= 10");
      proxy.accepting(true);
      await()
          .until(
              () ->
                  kit.outputs.stream()
                      .anyMatch(
                          output ->
                              output instanceof TailOutput.Restarted restarted
                                  && restarted.reason() == RestartReason.RETIRED));
      assertThat(kit.status.get().head().position()).isEqualTo(15);
    }
  }

  @Test
  void aHeadThatWasRetiredItselfIsStillTheHead() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
      kit.execute(TailKit.insert(5));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L));
      kit.execute(
          "INSERT INTO gapless.retired (position, fingerprint) VALUES (5, "
              + kit.status.get().head().fingerprint()
              + "); DELETE FROM gapless.events");
      kit.execute(TailKit.insert(1));
      kit.awaitPositions(List.of(1L, 2L, 3L, 4L, 5L, 6L));
      assertThat(kit.status.get().restarts()).isEqualTo(1);
    }
  }

  @Test
  void aDatabaseThatStopsAnsweringIsNoticed() throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create());
        TcpProxy proxy = TcpProxy.to(kit.database.port())) {
      PGSimpleDataSource direct = kit.direct();
      direct.setPortNumbers(new int[] {proxy.port()});
      kit.startTail(direct, TailKit.settings("gapless.tail.statement-timeout = 1 s"))
          .awaitStarted();
      proxy.flow(TcpProxy.Flow.BLACK_HOLE);
      await()
          .atMost(Duration.ofSeconds(3))
          .until(() -> kit.status.get().state() == TailStatus.State.DISCONNECTED);
      kit.execute(TailKit.insert(2));
      proxy.cut();
      proxy.flow(TcpProxy.Flow.PASS);
      kit.awaitPositions(List.of(1L, 2L));
    }
  }

  private static void awaitDiverged(TailKit kit, int times) {
    await()
        .until(
            () ->
                kit.outputs.stream()
                        .filter(
                            output ->
                                output instanceof TailOutput.Restarted restarted
                                    && restarted.reason() == RestartReason.DIVERGED)
                        .count()
                    == times);
  }
}
