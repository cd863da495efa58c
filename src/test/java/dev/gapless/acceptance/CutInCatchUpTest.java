package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * All connections of a node to PostgreSQL are cut in the middle of an answer, again and again,
 * while clients read history from it.
 */
class CutInCatchUpTest {
  private static final int EVENTS = 600;

  @Test
  void aStreamKeepsItsOrderAndEndsCompleteWhereverTheConnectionIsCut() {
    cut(7);
  }

  @Test
  @Tag("long")
  void aStreamKeepsItsOrderWhereverTheConnectionIsCutAHundredTimes() {
    cut(100);
  }

  private static void cut(int runs) {
    try (TestDatabase database = TestLogs.create();
        TcpProxy proxy = TcpProxy.to(database.port())) {
      Oracle oracle = new Oracle(database.dataSource());
      oracle.execute(
          "INSERT INTO gapless.events (owner, path, type, data) SELECT 'o', '/%s', 'x',"
                  .formatted(MARKER)
              + " to_jsonb(repeat('x', 200)) FROM generate_series(1, "
              + EVENTS
              + ")");
      try (ServerNode node =
          ServerNode.start(
              database.jdbcUrl().replace(":" + database.port(), ":" + proxy.port()),
              "gapless.hub { page-events = 20, cache-bytes = 0 }")) {
        List<Long> expected = oracle.committed("true");
        Random random = new Random(10);
        int whileReading = 0;
        assertThat(failures(node)).isZero();
        for (int run = 0; run < runs; run++) {
          // 600 events are some 180 kB on the wire
          proxy.resetAfter(random.nextInt(150_000));
          try (EventClient client = EventClient.watch(node, "/v1/events?after=earliest")) {
            oracle.assertReceived(client, expected);
            assertThat(client.connects()).as("the stream stayed open").isEqualTo(1);
          }
          whileReading += proxy.hasReset() ? 1 : 0;
          proxy.reset();
          await().atMost(Duration.ofSeconds(30)).until(node::isReady);
        }
        System.out.printf(
            "%d events read from history %d times, the database cut off in mid-answer in %d of"
                + " them: complete and in order each time, on one connection%n",
            EVENTS, runs, whileReading);
        assertThat(whileReading).as("otherwise this proves nothing").isGreaterThan(runs / 2);
        assertThat(failures(node)).as("reads that failed").isPositive();
        // connections that were cut may wait in the pool for the next one who reads
        await("no read fails any more")
            .atMost(Duration.ofSeconds(30))
            .until(() -> failuresOfOneMore(node, oracle, expected) == 0);
      }
    }
  }

  private static double failuresOfOneMore(ServerNode node, Oracle oracle, List<Long> expected) {
    double before = failures(node);
    try (EventClient client = EventClient.watch(node, "/v1/events?after=earliest")) {
      oracle.assertReceived(client, expected);
    }
    return failures(node) - before;
  }

  private static double failures(ServerNode node) {
    return Scrape.of(node).value("gapless_catchup_failures_total");
  }
}
