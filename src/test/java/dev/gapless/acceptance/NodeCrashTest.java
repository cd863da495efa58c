package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node dies or is told to stop under load: its clients go on at another one. */
@ExtendWith(TwoNodes.class)
class NodeCrashTest {

  @Test
  void clientsOfAKilledAndOfAStoppedNodeGoOnElsewhereWithoutAGap(Pair nodes) throws Exception {
    long before = nodes.oracle.last();
    try (EventClient client = EventClient.watch(nodes.a, "/v1/events");
        EventClient stays = EventClient.watch(nodes.b, "/v1/events")) {
      try (Load load = Load.start(nodes.database.dataSource(), 2, 5)) {
        awaitMore(client);
        nodes.a.kill9();
        client.moveTo(nodes.b);
        awaitMore(client);
        nodes.a.start();
        client.moveTo(nodes.a);
        awaitMore(client);
        nodes.a.stop();
        client.moveTo(nodes.b);
        awaitMore(client);
        load.runFor(Duration.ofMillis(200));
      }
      nodes.a.start();
      List<Long> expected = nodes.oracle.committed("id > " + before);
      nodes.oracle.assertReceived(client, expected);
      nodes.oracle.assertReceived(stays, expected);
      assertThat(stays.connects()).isEqualTo(1);
      assertThat(client.controls("gapless.close"))
          .as("a stopped node says so before it ends a stream")
          .isNotEmpty()
          .allSatisfy(close -> assertThat(close.data()).contains("\"drain\""));
      System.out.printf(
          "node killed and node stopped under load: %,d events without a gap on %d connections%n",
          expected.size(), client.connects());
    } finally {
      startAgain(nodes.a);
    }
  }

  private static void startAgain(ServerNode node) {
    if (!node.process().isAlive()) {
      node.start();
    }
  }

  private static void awaitMore(EventClient client) {
    int count = client.count();
    await().atMost(Duration.ofSeconds(60)).until(() -> client.count() > count + 100);
  }
}
