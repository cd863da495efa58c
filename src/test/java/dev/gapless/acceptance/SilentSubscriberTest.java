package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.JavaHeap;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A subscriber that reads nothing costs nobody but itself. */
class SilentSubscriberTest {
  private static final String FLOOD = "flood-" + MARKER;
  private static final String PROBE = "probe-" + MARKER;
  private static final int BATCH = 1_000;
  private static final long MOST_GROWTH = 32L << 20;

  private TestDatabase database;
  private Oracle oracle;
  private ServerNode node;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    oracle = new Oracle(database.pool(2));
    node = ServerNode.start(database, "gapless.hub { ring-bytes = 16 MiB, cache-bytes = 8 MiB }");
  }

  @AfterEach
  void stop() {
    node.close();
    database.close();
  }

  @Test
  void aSubscriberThatReadsNothingForAWhile() {
    fallsBehindAlone(60_000, 100);
  }

  @Test
  @Tag("long")
  void aSubscriberThatReadsNothingWhileTwoHundredThousandEventsPass() {
    fallsBehindAlone(200_000, 100);
  }

  private void fallsBehindAlone(int events, int healthyClients) {
    List<EventClient> healthy = new ArrayList<>();
    try {
      for (int i = 0; i < healthyClients; i++) {
        healthy.add(EventClient.watch(node, "/v1/events?owner=" + PROBE));
      }
      // the ring is full and the node is warm before anything is measured
      flood(20_000);
      long probed = probe(healthy, 20, 0);
      long quietDelay = probe(healthy, 20, 20);
      long heapBefore = JavaHeap.live(node.process().process());
      long before = oracle.last();

      try (EventClient silent = EventClient.watch(node, "/v1/events?owner=" + FLOOD)) {
        await().until(() -> !silent.controls("gapless.live").isEmpty());
        silent.stopReading();
        List<Long> delays = new ArrayList<>();
        long readsBefore = hub().get("catchUpReads").asLong();
        for (int written = 0; written < events; written += BATCH) {
          flood(BATCH);
          delays.add(probe(healthy, 1, 40 + written / BATCH));
        }
        await("seen as behind").until(() -> hub().get("behind").asInt() == 1);
        long growth = JavaHeap.live(node.process().process()) - heapBefore;

        silent.goOnReading();
        List<Long> expected = oracle.committed("owner = '" + FLOOD + "' AND id > " + before);
        assertThat(expected).hasSize(events);
        oracle.assertReceived(silent, expected);
        assertThat(silent.connects()).as("it was not thrown out").isEqualTo(1);
        long reads = hub().get("catchUpReads").asLong() - readsBefore;
        assertThat(reads).as("reads of the database").isPositive();
        await("back to live").until(() -> hub().get("behind").asInt() == 0);

        delays.sort(null);
        long median = delays.get(delays.size() / 2);
        System.out.printf(
            "%,d events of 1 KiB past a subscriber that read nothing: all of them in order after"
                + " %d reads of the database; live heap grew by %.1f MB; slowest of %d healthy"
                + " subscribers %d ms in the median (at rest %d ms, cold %d ms), %d ms at most%n",
            events,
            reads,
            growth / 1e6,
            healthyClients,
            median,
            quietDelay,
            probed,
            delays.get(delays.size() - 1));
        assertThat(growth).isLessThan(MOST_GROWTH);
        assertThat(median).as("ms to the slowest healthy subscriber").isLessThan(500);
      }
    } finally {
      healthy.forEach(EventClient::close);
    }
  }

  /** Events for all the healthy ones; the median over the rounds of when the last one had it. */
  private long probe(List<EventClient> healthy, int rounds, int already) {
    List<Long> millis = new ArrayList<>();
    for (int i = 1; i <= rounds; i++) {
      int count = already + i;
      long begun = System.nanoTime();
      oracle.execute(
          "INSERT INTO gapless.events (owner, path, type) VALUES ('" + PROBE + "', '/', 'probe')");
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(1))
          .until(() -> healthy.stream().allMatch(client -> client.count() >= count));
      millis.add(
          healthy.stream()
                  .mapToLong(client -> client.received().get(count - 1).nanos() - begun)
                  .max()
                  .orElseThrow()
              / 1_000_000);
    }
    millis.sort(null);
    return millis.get(millis.size() / 2);
  }

  private void flood(int events) {
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type, data) SELECT '%s', '/%s', 'flood', to_jsonb(rpad('%s' || n, 1022, 'x')) FROM generate_series(1, %d) AS n"
            .formatted(FLOOD, MARKER, MARKER, events));
  }

  private JsonNode hub() {
    return node.status().get("hub");
  }
}
