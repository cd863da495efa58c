package dev.gapless.faults;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy.Flow;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * All that a node sends to its database, and all that it should hear from there, vanishes. What was
 * connected then stays silent for good, also when the network is back.
 */
@ExtendWith(FaultNodes.class)
class DatabaseBlackHoledTest {

  @Test
  void streamsWaitAndGoOnWhenTheNetworkIsBack(Pair nodes) throws Exception {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      EventClient late;
      long healed;
      try (Load load = Load.start(nodes.database.dataSource(), 2, 22)) {
        Watchers.awaitMore(watchers.all(0), 50);
        nodes.networkOfA.all().flow(Flow.BLACK_HOLE);
        long begun = System.nanoTime();
        late = EventClient.watch(nodes.a, "/v1/events?after=earliest");
        await("not ready").atMost(Duration.ofSeconds(20)).until(() -> !nodes.a.isReady());
        System.out.printf(
            "database black-holed: not ready after %d ms%n",
            (System.nanoTime() - begun) / 1_000_000);
        assertThat(nodes.a.get("/health/live").statusCode()).isEqualTo(200);
        assertThat(nodes.b.isReady()).as("the other node").isTrue();
        assertThat(Scrape.of(nodes.a).value("gapless_tail_state", "state", "disconnected")).isOne();
        FaultNodes.assertSilent(nodes.b);
        Watchers.awaitMore(watchers.all(1), 50);
        nodes.networkOfA.all().flow(Flow.PASS);
        healed = System.nanoTime();
        await("publishes").atMost(Duration.ofSeconds(60)).until(() -> publishes(nodes.a));
        System.out.printf(
            "database black-holed: publishes again %d ms after the network is back%n",
            (System.nanoTime() - healed) / 1_000_000);
        Watchers.awaitMore(watchers.all(0), 50);
        System.out.printf(
            "database black-holed: delivers again %d ms after the network is back%n",
            (System.nanoTime() - healed) / 1_000_000);
      }
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      try (late) {
        nodes.oracle.assertReceived(late, nodes.oracle.committed("true"));
        assertThat(late.connects()).isEqualTo(1);
      }
      System.out.printf(
          "database black-holed: %,d events without a gap; history that was asked for meanwhile is"
              + " complete %d ms after the network is back%n",
          events, (System.nanoTime() - healed) / 1_000_000);
    }
    nodes.awaitOrder();
    FaultNodes.assertSilent(nodes.a);
  }

  /** Each failed attempt says that nothing was published. */
  private static boolean publishes(ServerNode node) {
    HttpResponse<String> answer =
        node.publish(
            """
            {"owner":"%s","path":"/%s","type":"x"}"""
                .formatted(Load.owner(0), MARKER));
    if (answer.statusCode() != 201) {
      assertThat(answer.body()).contains("\"outcome\":\"not-committed\"");
    }
    return answer.statusCode() == 201;
  }
}
