package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The connection to PostgreSQL ends while it works on a COMMIT: nobody knows what became of it. */
class CommitInDoubtTest {
  private static final String COMMITTING =
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
          + " AND query = 'COMMIT' AND wait_event = 'PgSleep'";

  private static TestDatabase database;
  private static TcpProxy proxy;
  private static ServerNode node;
  private static Oracle oracle;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    proxy = TcpProxy.to(database.port());
    node =
        ServerNode.start(database.jdbcUrl().replace(":" + database.port(), ":" + proxy.port()), "");
    oracle = new Oracle(database.dataSource());
    // a COMMIT that takes its time, so that it can be cut in the middle
    oracle.execute(
        """
        CREATE FUNCTION public.take_time() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER take_time AFTER INSERT ON gapless.idempotency
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.take_time()""");
  }

  @AfterAll
  static void stop() {
    node.stop();
    node.close();
    proxy.close();
    database.close();
  }

  @Test
  void aConnectionCutAtCommitAndRetriedMakesOneEventWhenTheCommitSucceeded() throws Exception {
    doubt("cut", () -> proxy.reset());
  }

  @Test
  void aConnectionCutAtCommitAndRetriedMakesOneEventWhenTheCommitFailed() throws Exception {
    doubt(
        "killed",
        () ->
            oracle.execute(
                "SELECT pg_terminate_backend(pid) FROM (" + COMMITTING + ") AS committing"));
  }

  private static void doubt(String name, Runnable harm) throws Exception {
    String owner = name + "-" + MARKER;
    await().atMost(Duration.ofSeconds(20)).until(() -> oracle.numbers(COMMITTING).isEmpty());
    try (EventClient client = EventClient.watch(node, "/v1/events?owner=" + owner)) {
      CompletableFuture<HttpResponse<String>> first =
          CompletableFuture.supplyAsync(() -> publish(owner));
      await().atMost(Duration.ofSeconds(20)).until(() -> oracle.numbers(COMMITTING).size() == 1);
      harm.run();
      HttpResponse<String> answer = first.get(30, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
      assertThat(ServerNode.json(answer).get("outcome").asText()).isEqualTo("unknown");

      HttpResponse<String> again = retry(owner);
      List<Long> committed = oracle.committed("owner = '" + owner + "'");
      assertThat(committed)
          .as("exactly one event, the one that the retry was answered with")
          .containsExactly(ServerNode.json(again).get("events").get(0).get("id").asLong());
      assertThat(publish(owner).body()).as("a repeat").isEqualTo(again.body());
      oracle.assertReceived(client, committed);
      assertThat(client.connects()).as("the stream stayed open").isEqualTo(1);
      System.out.printf(
          "connection %s at COMMIT: 503 unknown, retried: one event %s%n", name, committed);
    }
  }

  /** Other connections of the pool may be found dead first: then nothing was published. */
  private static HttpResponse<String> retry(String owner) {
    return await("the retry succeeds")
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              HttpResponse<String> answer = publish(owner);
              if (answer.statusCode() != 201) {
                assertThat(answer.body()).contains("\"outcome\":\"not-committed\"");
              }
              return answer;
            },
            answer -> answer.statusCode() == 201);
  }

  private static HttpResponse<String> publish(String owner) {
    return node.publish(
        """
        {"owner":"%s","path":"/%s","type":"paid"}"""
            .formatted(owner, MARKER),
        "Idempotency-Key",
        "order-of-" + owner);
  }
}
