package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import dev.gapless.event.Cursor;
import dev.gapless.log.LogSettings;
import dev.gapless.log.Retention.Cause;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A node that removes what is old, while others keep transactions open. */
class RetentionActorTest {
  private TestDatabase database;
  private ActorSystem<Void> system;
  private Gapless gapless;
  private long written;

  private void start(String detachTimeout) throws Exception {
    system =
        ActorSystem.create(
            Behaviors.empty(),
            "retention",
            ConfigFactory.parseString(
                    """
                    gapless {
                      housekeeping = 100 ms
                      log { partition-size = 10000, partitions-ahead = 2 }
                      retention { max-events = 5000, interval = 100 ms, detach-timeout = %s }
                    }
                    """
                        .formatted(detachTimeout))
                .withFallback(ConfigFactory.load()));
    database =
        TestLogs.migrate(TestDatabase.create(), LogSettings.create(system.settings().config()));
    gapless = Gapless.get(system);
    gapless.start(database.pool(6)).toCompletableFuture().get(30, TimeUnit.SECONDS);
    within().until(() -> gapless.status().retention().isPresent());
  }

  @AfterEach
  void stop() throws Exception {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
    database.close();
  }

  @Test
  void partitionsAreCreatedAheadWhileALongTransactionHoldsUpTheRemoval() throws Exception {
    start("300 ms");
    insert(9_000);
    try (Connection parked = database.dataSource().getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      parked.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      statement.execute("SELECT count(*) FROM gapless.events");
      insert(7_000);
      within().until(() -> status().waits() > 1);
      assertThat(status().waitingSince()).isPresent();
      // four partitions of 10,000: each insert fails unless its partition was created
      for (int i = 0; i < 8; i++) {
        insert(5_000);
        within().until(this::ready);
      }
      assertThat(status().removed()).isZero();
      parked.commit();
    }
    within().until(() -> status().removed() >= 5);
    RetentionStatus after = status();
    assertThat(after.on()).isTrue();
    assertThat(after.waitingSince()).isEmpty();
    assertThat(after.failures()).isZero();
    assertThat(after.lastRemoval().orElseThrow().cause()).isEqualTo(Cause.EVENTS);
    Cursor mark = after.lastRemoval().orElseThrow().mark().orElseThrow();
    assertThat(mark.position()).isEqualTo(50_000);
    within().until(() -> status().extent().orElseThrow().earliest().equals(mark));
    assertThat(database.query("SELECT count(*) FROM gapless.events")).isEqualTo("6000");
    System.out.printf(
        "%d attempts to remove a partition given up while a transaction was open%n", after.waits());
  }

  @Test
  void aRunThatFailsIsToldAndRepeated() throws Exception {
    start("300 ms");
    within().until(() -> status().extent().isPresent());
    database.execute("ALTER TABLE gapless.retired RENAME TO hidden");
    within().until(() -> status().failures() > 0);
    assertThat(status().lastFailure().orElseThrow().state()).isEqualTo("42P01");
    database.execute("ALTER TABLE gapless.hidden RENAME TO retired");
    insert(9_000);
    insert(7_000);
    within().until(() -> status().removed() == 1);
  }

  @Test
  void aNodeThatStopsDoesNotWaitOn() throws Exception {
    start("1 minute");
    insert(9_000);
    try (Connection parked = database.dataSource().getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute("SELECT count(*) FROM gapless.events");
      insert(7_000);
      within()
          .until(
              () ->
                  database
                      .query("SELECT count(*) FROM pg_inherits WHERE inhdetachpending")
                      .equals("1"));
      assertThat(waits()).isTrue();
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
      within().until(() -> !waits());
    }
  }

  /** Whether the thread of retention waits for PostgreSQL. */
  private static boolean waits() {
    return Thread.getAllStackTraces().entrySet().stream()
        .anyMatch(
            thread ->
                thread.getKey().getName().contains("gapless.retention.dispatcher")
                    && Stream.of(thread.getValue())
                        .anyMatch(frame -> frame.getClassName().startsWith("org.postgresql")));
  }

  /** Whether partitions stand ready for what comes after all that was written. */
  private boolean ready() {
    return gapless
        .status()
        .partitions()
        .filter(now -> now.lastPosition() == written && now.ahead() >= 2)
        .isPresent();
  }

  private RetentionStatus status() {
    return gapless.status().retention().orElseThrow();
  }

  private static ConditionFactory within() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
  }

  private void insert(int rows) {
    database.execute(
        "INSERT INTO gapless.events (owner, path, type)"
            + " SELECT 'o', '/a', 't' FROM generate_series(1, "
            + rows
            + ")");
    written += rows;
  }
}
