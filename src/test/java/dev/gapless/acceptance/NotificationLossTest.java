package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.Oracle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** Notifications are hints: without them everything arrives all the same. */
@ExtendWith(TwoNodes.class)
class NotificationLossTest {
  // more in quick succession are a listener that keeps failing: the pauses grow, on purpose
  private static final int TERMINATIONS = 3;

  @Test
  void aTerminatedListenerLeavesNoGapAndIsBackWithinASecond(Pair nodes) throws Exception {
    Oracle oracle = nodes.oracle;
    long before = oracle.last();
    String listener =
        "application_name = 'gapless/"
            + nodes.a.name()
            + "' AND datname = current_database() AND query SIMILAR TO 'LISTEN%|SELECT 1'";
    List<Long> millis = new ArrayList<>();
    try (EventClient client = EventClient.watch(nodes.a, "/v1/events")) {
      try (Load load = Load.start(nodes.database.dataSource(), 4, 7)) {
        for (int i = 0; i < TERMINATIONS; i++) {
          String find = "SELECT pid FROM pg_stat_activity WHERE " + listener;
          await().until(() -> oracle.numbers(find).size() == 1);
          long old = oracle.numbers(find).get(0);
          oracle.execute("SELECT pg_terminate_backend(" + old + ")");
          long begun = System.nanoTime();
          await()
              .atMost(Duration.ofSeconds(10))
              .pollInterval(Duration.ofMillis(5))
              .until(() -> oracle.numbers(find).stream().anyMatch(pid -> pid != old));
          millis.add((System.nanoTime() - begun) / 1_000_000);
          load.runFor(Duration.ofMillis(200));
        }
      }
      List<Long> expected = oracle.committed("id > " + before);
      oracle.assertReceived(client, expected);
      System.out.printf(
          "listener terminated %d times under load: %,d events without a gap, back after %s ms%n",
          TERMINATIONS, expected.size(), millis);
      assertThat(client.connects()).isEqualTo(1);
      millis.sort(null);
      assertThat(millis.get(TERMINATIONS / 2)).as("median").isLessThan(1_000);
    }
  }

  @Test
  void withNotifySwitchedOffEverythingArrivesByPolling(Pair nodes) throws Exception {
    Oracle oracle = nodes.oracle;
    PGSimpleDataSource silent = nodes.database.dataSource();
    silent.setOptions("-c gapless.notify=off");
    long before = oracle.last();
    long notified = wakes(nodes, "NOTIFY");
    long polled = wakes(nodes, "POLL");
    try (EventClient onA = EventClient.watch(nodes.a, "/v1/events");
        EventClient onB = EventClient.watch(nodes.b, "/v1/events")) {
      long slowest = 0;
      for (int i = 1; i <= 5; i++) {
        new Oracle(silent)
            .execute(
                "INSERT INTO gapless.events (owner, path, type) VALUES ('%s', '/silent', 'x')"
                    .formatted(Load.owner(0)));
        long begun = System.nanoTime();
        int count = i;
        await()
            .atMost(Duration.ofSeconds(10))
            .pollInterval(Duration.ofMillis(5))
            .until(() -> onA.count() == count && onB.count() == count);
        slowest = Math.max(slowest, System.nanoTime() - begun);
      }
      try (Load load = Load.start(silent, 4, 8)) {
        load.runFor(Duration.ofSeconds(2));
      }
      List<Long> expected = oracle.committed("id > " + before);
      oracle.assertReceived(onA, expected);
      oracle.assertReceived(onB, expected);
      System.out.printf(
          "NOTIFY off: %,d events by polling, single ones after at most %d ms%n",
          expected.size(), slowest / 1_000_000);
      assertThat(wakes(nodes, "NOTIFY")).as("no notification came").isEqualTo(notified);
      assertThat(wakes(nodes, "POLL")).isGreaterThan(polled);
    }
  }

  private static long wakes(Pair nodes, String cause) {
    return nodes.a.status().get("tail").get("wakes").path(cause).asLong();
  }
}
