package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Prints what the elected notifier and the trace context cost plain inserts; benchmarks judge it,
 * not this test.
 */
class TriggerCostTest {
  private static final int WRITERS = 16;
  private static final int ROUNDS = 3;
  private static final long ROUND = TimeUnit.MILLISECONDS.toNanos(700);

  private final ExecutorService writers = Executors.newFixedThreadPool(WRITERS);

  @AfterEach
  void stop() {
    writers.shutdownNow();
  }

  @Test
  void insertsWithTheTriggerBesideTheSameTableWithoutIt() throws Exception {
    try (TestDatabase database = TestLogs.create()) {
      compare(
          "with the trigger",
          database,
          "ALTER TABLE gapless.events ENABLE TRIGGER gapless_notify",
          "ALTER TABLE gapless.events DISABLE TRIGGER gapless_notify");
    }
  }

  /** Where no trace context is set, which is what a writer without tracing pays. */
  @Test
  void insertsWithTheDefaultOfTheTraceContextBesideTheSameTableWithoutIt() throws Exception {
    try (TestDatabase database = TestLogs.create()) {
      String column = "ALTER TABLE gapless.events ALTER COLUMN traceparent ";
      compare(
          "with the default of the trace context",
          database,
          column + "SET DEFAULT " + defaultOfTrace(database),
          column + "DROP DEFAULT");
    }
  }

  @Test
  void insertsOfWritersThatSetATraceContext() throws Exception {
    try (TestDatabase database = TestLogs.create()) {
      compare(
          "with a trace context",
          database,
          "ALTER DATABASE "
              + database.name()
              + " SET gapless.traceparent ="
              + " '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'",
          "ALTER DATABASE " + database.name() + " RESET gapless.traceparent");
    }
  }

  private static String defaultOfTrace(TestDatabase database) {
    return database.query(
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid"
            + " AND attnum = adnum WHERE attname = 'traceparent' AND adrelid ="
            + " 'gapless.events'::regclass");
  }

  private void compare(String what, TestDatabase database, String on, String off) throws Exception {
    // warm, and not counted
    round(database, writers);
    List<Long> with = new ArrayList<>();
    List<Long> without = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      database.execute(off);
      without.add(round(database, writers));
      database.execute(on);
      with.add(round(database, writers));
    }
    long median = median(with);
    long plain = median(without);
    System.out.printf(
        "%d writers, plain INSERT: %d/s %s, %d/s without (medians of %d rounds, ratio %.2f)%n",
        WRITERS, median, what, plain, ROUNDS, (double) median / plain);
    assertThat(median).isPositive();
  }

  /** Commits a second. */
  private static long round(TestDatabase database, ExecutorService writers) throws Exception {
    long end = System.nanoTime() + ROUND;
    List<Future<Long>> running = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      running.add(writers.submit(() -> insertUntil(database, end)));
    }
    long commits = 0;
    for (Future<Long> one : running) {
      commits += one.get(30, TimeUnit.SECONDS);
    }
    return commits * TimeUnit.SECONDS.toNanos(1) / ROUND;
  }

  private static long insertUntil(TestDatabase database, long end) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        var insert =
            connection.prepareStatement(
                "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/p', 't')")) {
      long commits = 0;
      while (end - System.nanoTime() > 0) {
        insert.executeUpdate();
        commits++;
      }
      return commits;
    }
  }

  private static long median(List<Long> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
