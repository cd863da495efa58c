package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.PostgresProxy.Use;
import dev.gapless.testkit.Scrape;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** LISTEN is accepted, as by a pooler in transaction mode, and no notification ever arrives. */
@ExtendWith(FaultNodes.class)
class PoolerSwallowsListenTest {
  private final Pair nodes;

  PoolerSwallowsListenTest(Pair nodes) {
    this.nodes = nodes;
  }

  @AfterEach
  void heal() {
    nodes.networkOfA.swallowNotifications(false);
    nodes.networkOfA.reset(Use.LISTENER);
    nodes.awaitOrder();
    FaultNodes.assertSilent(nodes.a);
  }

  @Test
  void theNodeFindsOutAndPolls() throws Exception {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      FaultNodes.assertSilent(nodes.a);
      nodes.networkOfA.swallowNotifications(true);
      // it does not know yet, and waits for notifications that do not come
      nodes.oracle.execute("SELECT gapless.publish('%s', '/one', 'x')".formatted(Load.owner(0)));
      Watchers.awaitCount(watchers.all(0), 1);
      nodes.networkOfA.reset(Use.LISTENER);
      await("deaf")
          .atMost(Duration.ofSeconds(20))
          .until(() -> nodes.a.status().get("listener").get("state").asText().equals("DEAF"));
      assertThat(nodes.a.isReady()).as("it delivers all the same").isTrue();
      assertThat(Scrape.of(nodes.a).value("gapless_listener_state", "state", "deaf")).isOne();
      FaultNodes.assertSilent(nodes.b);
      long notified = wakes("NOTIFY");
      long polled = wakes("POLL");
      long begun = System.nanoTime();
      nodes.oracle.execute("SELECT gapless.publish('%s', '/two', 'x')".formatted(Load.owner(0)));
      Watchers.awaitCount(watchers.all(0), 2);
      long single = (System.nanoTime() - begun) / 1_000_000;
      try (Load load = Load.start(nodes.database.dataSource(), 2, 23)) {
        load.runFor(Duration.ofSeconds(1));
      }
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      assertThat(wakes("NOTIFY")).isEqualTo(notified);
      assertThat(wakes("POLL")).isGreaterThan(polled);
      System.out.printf(
          "pooler swallows LISTEN: %,d events by polling, a single one after %d ms%n",
          events, single);
    }
  }

  private long wakes(String cause) {
    return nodes.a.status().get("tail").get("wakes").path(cause).asLong();
  }
}
