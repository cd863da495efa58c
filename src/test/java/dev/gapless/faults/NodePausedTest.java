package dev.gapless.faults;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node stands still for more than ten seconds (SIGSTOP), with all its connections open. */
@ExtendWith(FaultNodes.class)
class NodePausedTest {
  private static final Duration PAUSE = Duration.ofSeconds(11);

  @Test
  void whoWaitsAndWhoMovesToAnotherNodeGetsEverything(Pair nodes) throws Exception {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b);
        EventClient mover = EventClient.watch(nodes.a, "/v1/events?after=earliest")) {
      CompletableFuture<HttpResponse<String>> publish;
      try (Load load = Load.start(nodes.database.dataSource(), 2, 24)) {
        Watchers.awaitMore(watchers.all(0), 50);
        nodes.a.pause();
        long paused = System.nanoTime();
        publish = CompletableFuture.supplyAsync(() -> publish(nodes.a));
        mover.moveTo(nodes.b);
        Watchers.awaitMore(mover, 50);
        await()
            .atMost(PAUSE.multipliedBy(2))
            .until(() -> System.nanoTime() - paused > PAUSE.toNanos());
        assertThat(publish).as("who asked the paused node waits").isNotDone();
        nodes.a.resume();
        long resumed = System.nanoTime();
        Watchers.awaitMore(watchers.all(0), 50);
        await("ready").atMost(Duration.ofSeconds(20)).until(nodes.a::isReady);
        System.out.printf(
            "node paused for %d s: ready and delivering %d ms after it goes on%n",
            PAUSE.toSeconds(), (System.nanoTime() - resumed) / 1_000_000);
        mover.moveTo(nodes.a);
        load.runFor(Duration.ofMillis(200));
      }
      assertThat(publish.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(201);
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      nodes.oracle.assertReceived(mover, nodes.oracle.committed("true"));
      assertThat(nodes.oracle.committed("path = '/paused-" + MARKER + "'")).hasSize(1);
      System.out.printf("node paused: %,d events without a gap%n", events);
    } finally {
      nodes.a.resume();
    }
    nodes.awaitOrder();
  }

  private static HttpResponse<String> publish(ServerNode node) {
    return node.publish(
        """
        {"owner":"%s","path":"/paused-%s","type":"x"}"""
            .formatted(Load.owner(0), MARKER));
  }
}
