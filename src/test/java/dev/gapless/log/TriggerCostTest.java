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
import org.junit.jupiter.api.Test;

/** Prints what the elected notifier costs plain inserts; benchmarks judge it, not this test. */
class TriggerCostTest {
  private static final int WRITERS = 16;
  private static final int ROUNDS = 3;
  private static final long ROUND = TimeUnit.MILLISECONDS.toNanos(700);

  @Test
  void insertsWithTheTriggerBesideTheSameTableWithoutIt() throws Exception {
    ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    try (TestDatabase database = TestLogs.create();
        Connection owner = database.dataSource().getConnection()) {
      // warm, and not counted
      round(database, writers);
      List<Long> with = new ArrayList<>();
      List<Long> without = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        Sql.run(owner, "ALTER TABLE gapless.events DISABLE TRIGGER gapless_notify");
        without.add(round(database, writers));
        Sql.run(owner, "ALTER TABLE gapless.events ENABLE TRIGGER gapless_notify");
        with.add(round(database, writers));
      }
      long median = median(with);
      long plain = median(without);
      System.out.printf(
          "%d writers, plain INSERT: %d/s with the trigger, %d/s without (medians of %d rounds,"
              + " ratio %.2f)%n",
          WRITERS, median, plain, ROUNDS, (double) median / plain);
      assertThat(median).isPositive();
    } finally {
      writers.shutdownNow();
    }
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
