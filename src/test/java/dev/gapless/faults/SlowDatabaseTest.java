package dev.gapless.faults;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each byte between a node and its database takes 200 ms, in each direction. */
@ExtendWith(FaultNodes.class)
class SlowDatabaseTest {
  private static final Duration DELAY = Duration.ofMillis(200);

  private final Pair nodes;

  SlowDatabaseTest(Pair nodes) {
    this.nodes = nodes;
  }

  @AfterEach
  void heal() {
    nodes.networkOfA.all().delay(Duration.ZERO);
    nodes.awaitOrder();
  }

  @Test
  void everythingWorksOnlySlower() throws Exception {
    // more than the node's ring holds: its beginning is in the database alone
    nodes.oracle.execute(
        "INSERT INTO gapless.events (owner, path, type) SELECT '%s', '/x', 'x'"
                .formatted(Load.owner(0))
            + " FROM generate_series(1, 2500)");
    long from = nodes.oracle.last() - 2_500;
    long failures = FaultNodes.listenerFailures(nodes.a);
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      EventClient history;
      nodes.networkOfA.all().delay(DELAY);
      try (Load load = Load.start(nodes.database.dataSource(), 2, 25)) {
        history = EventClient.watch(nodes.a, "/v1/events?after=" + from);
        CompletableFuture<HttpResponse<String>> published =
            CompletableFuture.supplyAsync(() -> publish(nodes.a));
        Watchers.awaitMore(history, 500);
        assertThat(nodes.a.isReady()).isTrue();
        HttpResponse<String> answer = published.get(60, TimeUnit.SECONDS);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      }
      nodes.oracle.assertReceived(history, nodes.oracle.committed("id > " + from));
      int count = watchers.assertComplete();
      assertThat(FaultNodes.listenerFailures(nodes.a)).as("slow is not dead").isEqualTo(failures);
      assertThat(nodes.a.isReady()).isTrue();
      // and also a slow one may fail
      nodes.networkOfA.all().reset();
      nodes.oracle.execute("SELECT gapless.publish('%s', '/x', 'x')".formatted(Load.owner(0)));
      Watchers.awaitMore(watchers.all(0), 1);
      nodes.awaitOrder();
      watchers.assertComplete();
      watchers.assertStayedOpen();
      assertThat(history.connects()).isEqualTo(1);
      history.close();
      System.out.printf("database 200 ms away: %,d events without a gap%n", count);
    }
  }

  private static HttpResponse<String> publish(ServerNode node) {
    return node.publish(
        """
        {"owner":"%s","path":"/slow-%s","type":"x"}"""
            .formatted(Load.owner(0), MARKER));
  }
}
