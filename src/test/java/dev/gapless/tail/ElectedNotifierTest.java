package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** With polling at one minute, every commit has to be announced by somebody. */
class ElectedNotifierTest {
  private static final String POLL_A_MINUTE =
      "gapless.tail { poll-interval = 1 m, poll-interval-without-listener = 1 m }";
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/p', 'put') RETURNING id";

  @Test
  void eightWritersForAMoment() throws Exception {
    assertThat(late(8, 800, 0, true)).isZero();
  }

  @Test
  void oneWriterWithPausesForAMoment() throws Exception {
    assertThat(late(1, 60, 100, true)).isZero();
  }

  @Test
  void withoutTheTriggersNotifyCommitsAreLate() throws Exception {
    assertThat(late(1, 10, 100, false)).isPositive();
  }

  @Test
  @Tag("long")
  void aHundredThousandCommitsOfSixteenWriters() throws Exception {
    assertThat(late(16, 6_250, 0, true)).isZero();
  }

  @Test
  @Tag("long")
  void oneWriterWithPausesForTwoMinutes() throws Exception {
    assertThat(late(1, 480, 500, true)).isZero();
  }

  /** How many commits did not arrive within the limit. */
  private static long late(int writers, int commits, int longestPauseMillis, boolean notify)
      throws Exception {
    try (TailKit kit = new TailKit(TestDatabase.create())) {
      kit.startTail(TailKit.settings(POLL_A_MINUTE))
          .startListener()
          .awaitStarted()
          .awaitListening();
      if (!notify) {
        kit.execute("ALTER TABLE gapless.events DISABLE TRIGGER gapless_notify");
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
      }
      Map<Long, Long> committedAt = new ConcurrentHashMap<>();
      // the first statements of a JVM are slow, and that is not what is measured
      write(kit, new Random(0), 200, 0, new ConcurrentHashMap<>());
      ExecutorService threads = Executors.newFixedThreadPool(writers);
      try {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
          Random random = new Random(i);
          running.add(
              threads.submit(
                  () -> {
                    write(kit, random, commits, longestPauseMillis, committedAt);
                    return null;
                  }));
        }
        for (Future<?> writer : running) {
          writer.get(5, TimeUnit.MINUTES);
        }
      } finally {
        threads.shutdownNow();
      }
      await().pollDelay(LIMIT).until(() -> true);
      long[] latencies =
          committedAt.entrySet().stream()
              .mapToLong(
                  entry ->
                      kit.arrivedAt.getOrDefault(entry.getKey(), Long.MAX_VALUE) - entry.getValue())
              .sorted()
              .toArray();
      System.out.printf(
          "%d writers, %d commits: p50 %d us, p99 %d us, max %d us; wakes %s, %s%n",
          writers,
          latencies.length,
          latencies[latencies.length / 2] / 1_000,
          latencies[latencies.length * 99 / 100] / 1_000,
          latencies[latencies.length - 1] / 1_000,
          kit.status.get().wakes(),
          kit.status.get().statements());
      assertThat(kit.status.get().wakes().get(WakeCause.POLL)).isZero();
      long late = 0;
      for (long latency : latencies) {
        late += latency > LIMIT.toNanos() ? 1 : 0;
      }
      return late;
    }
  }

  private static void write(
      TailKit kit, Random random, int commits, int longestPauseMillis, Map<Long, Long> committedAt)
      throws SQLException {
    try (Connection connection = kit.connect()) {
      for (int i = 0; i < commits; i++) {
        if (longestPauseMillis > 0) {
          LockSupport.parkNanos(
              TimeUnit.MILLISECONDS.toNanos(5 + random.nextInt(longestPauseMillis)));
        }
        long position = TailKit.longs(connection, INSERT).get(0);
        committedAt.put(position, System.nanoTime());
      }
    }
  }
}
