package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A client that is refused comes back until there is room, and then it has missed nothing. */
class AdmissionTest {
  private static final String TARGET = "/v1/events?owner=" + MARKER;

  @Test
  void whoeverIsRefusedGetsEverythingLater() {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node =
            ServerNode.start(
                database,
                """
                gapless.hub.heartbeat = 200 ms
                gapless.http.admission.streams-per-owner = 1
                """)) {
      publish(node, 1);
      EventClient first = EventClient.watch(node, TARGET + "&after=0");
      await().until(() -> first.count() == 1);
      try (EventClient second = EventClient.watch(node, TARGET)) {
        List<EventClient.Control> refused = second.controls();
        assertThat(refused.get(0).event()).isEqualTo("gapless.close");
        assertThat(refused.get(0).data()).isEqualTo("{\"reason\":\"overloaded\"}");
        assertThat(refused.get(0).id()).isEqualTo(first.lastEventId());
        publish(node, 5);
        await().until(() -> first.count() == 6);
        assertThat(second.count()).isZero();
        await().until(() -> second.controls().size() >= 5);
        first.close();
        await().atMost(Duration.ofSeconds(20)).until(() -> second.count() == 5);
        assertThat(second.positions()).isEqualTo(first.positions().subList(1, 6));
        publish(node, 1);
        await().until(() -> second.count() == 6);
        assertThat(second.refusals()).isEmpty();
      }
      long refused = node.status().at("/admission/refused/STREAMS_PER_OWNER").asLong();
      assertThat(refused).isPositive();
      await().atMost(Duration.ofSeconds(20)).until(() -> node.output().contains("streams_refused"));
      // one line for seconds of refusals, and nothing of whom it was; closing looks for the marker
      long lines = node.output().lines().filter(line -> line.contains("streams_refused")).count();
      System.out.println(refused + " refusals, " + lines + " lines in the log");
      assertThat(lines).isLessThan(refused);
      assertThat(node.output()).contains("limit=\"streams-per-owner\"");
    }
  }

  private static void publish(ServerNode node, int count) {
    IntStream.range(0, count)
        .forEach(
            i ->
                assertThat(
                        node.publish(
                                "{\"owner\":\"" + MARKER + "\",\"path\":\"/a\",\"type\":\"t\"}")
                            .statusCode())
                    .isEqualTo(201));
  }
}
