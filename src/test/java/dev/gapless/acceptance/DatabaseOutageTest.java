package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Publishers;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** PostgreSQL goes away under live streams and comes back. */
class DatabaseOutageTest {
  private static final Duration AWAY = Duration.ofSeconds(5);

  @Test
  void streamsOutliveARestartOfPostgresAndNothingIsLostOrRepeated() throws Exception {
    outlives(List.of(StopMode.FAST));
  }

  @Test
  @Tag("long")
  void streamsOutliveManyRestartsOfPostgres() throws Exception {
    outlives(List.of(StopMode.FAST, StopMode.IMMEDIATE, StopMode.FAST, StopMode.IMMEDIATE));
  }

  private static void outlives(List<StopMode> stops) throws Exception {
    try (TestDatabase database = TestDatabase.ownCluster();
        ServerNode node = ServerNode.start(database, "gapless.server.database.pool-timeout = 1s");
        EventClient all = EventClient.watch(node, "/v1/events");
        EventClient owner = EventClient.watch(node, "/v1/events?owner=" + Load.owner(0));
        EventClient quiet = EventClient.watch(node, "/v1/events?owner=nobody")) {
      Publishers publishers = new Publishers(node, 4);
      try (publishers) {
        for (StopMode mode : stops) {
          outage(database, node, publishers, mode);
        }
      }
      Oracle oracle = new Oracle(database.dataSource());
      List<Long> committed = oracle.committed("true");
      oracle.assertReceived(all, committed);
      oracle.assertReceived(owner, committed);
      assertThat(committed)
          .as("each key made one event, the one that was answered")
          .containsExactlyInAnyOrderElementsOf(publishers.acknowledged().values());
      for (EventClient client : List.of(all, owner, quiet)) {
        assertThat(client.connects()).as("streams stayed open").isEqualTo(1);
        assertThat(client.controls("gapless.close")).isEmpty();
      }
      Map<String, Integer> answers = publishers.answers();
      System.out.printf(
          "PostgreSQL away %d times for %d s: %,d events, each once on open streams; answers to the"
              + " writers: %s%n",
          stops.size(), AWAY.toSeconds(), committed.size(), answers);
      assertThat(answers.keySet())
          .as("a failure says what became of it")
          .isSubsetOf("201", "503 not-committed", "503 unknown")
          .contains("503 not-committed");
    }
  }

  private static void outage(
      TestDatabase database, ServerNode node, Publishers publishers, StopMode mode) {
    awaitSomeMore(publishers);
    long begun = System.nanoTime();
    database.stop(mode);
    await("not ready").atMost(AWAY).until(() -> !node.isReady());
    HttpResponse<String> put = node.putFile(Load.owner(1) + "/pub/" + MARKER, "x");
    assertThat(put.statusCode()).as(put.body()).isEqualTo(503);
    assertThat(put.body()).contains("\"outcome\":\"not-committed\"");
    assertThat(node.get("/health/live").statusCode()).isEqualTo(200);
    assertThat(node.get("/v1/status").statusCode()).isEqualTo(200);
    await().atMost(Duration.ofSeconds(30)).until(() -> System.nanoTime() - begun > AWAY.toNanos());
    assertThat(node.isReady()).isFalse();
    database.start();
    long back = System.nanoTime();
    await("ready").atMost(Duration.ofSeconds(15)).until(node::isReady);
    System.out.printf("ready %d ms after PostgreSQL%n", (System.nanoTime() - back) / 1_000_000);
    awaitSomeMore(publishers);
  }

  private static void awaitSomeMore(Publishers publishers) {
    int before = publishers.count();
    await().atMost(Duration.ofSeconds(30)).until(() -> publishers.count() > before + 50);
  }
}
