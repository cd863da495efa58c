package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/**
 * What ends a stream, or keeps it from beginning: always 200, a time to come back, and the reason.
 */
class StreamLimitsTest {

  @Test
  void saysWhenItHasNoRoom() throws Exception {
    try (HttpTestNode node =
        HttpTestNode.start("gapless.http.max-streams = 2, gapless.hub.heartbeat = 200 ms")) {
      String cursor = node.append("acme", "/a", "t").toString();
      // what is refused is given the head as its cursor
      Awaitility.await().until(() -> node.gapless.hub().head().toString().equals(cursor));
      SseClient first = SseClient.open(node.port(), "/v1/events");
      SseClient second = SseClient.open(node.port(), "/v1/events");
      first.await("gapless.live");
      second.await("gapless.live");
      try (SseClient third = SseClient.open(node.port(), "/v1/events")) {
        assertThat(third.head().status()).isEqualTo(200);
        assertThat(third.rest())
            .containsExactly(new Frame(cursor, "gapless.close", "{\"reason\":\"overloaded\"}"));
        assertThat(third.retry().orElseThrow()).isGreaterThanOrEqualTo(5_000);
      }
      // nothing between the refusal and the return is missed
      try (SseClient third =
          SseClient.open(node.port(), "/v1/events?after=" + cursor, "Last-Event-ID: " + cursor)) {
        assertThat(third.rest().get(0).id()).isEqualTo(cursor);
      }
      first.close();
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> node.services.openStreams() == 1);
      try (SseClient third = SseClient.open(node.port(), "/v1/events")) {
        third.await("gapless.live");
      }
      second.close();
    }
  }

  @Test
  void drains() throws Exception {
    try (HttpTestNode node = HttpTestNode.start("")) {
      SseClient running = SseClient.open(node.port(), "/v1/events");
      running.await("gapless.live");
      assertThat(RawHttp.get(node.port(), "/health/ready").status()).isEqualTo(200);
      CompletionStage<Done> drained = node.services.drain(Duration.ofMillis(300));
      List<Frame> rest = running.rest();
      assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"drain\"}");
      assertThat(running.retry()).isPresent();
      drained.toCompletableFuture().join();
      assertThat(RawHttp.get(node.port(), "/health/ready").status()).isEqualTo(503);
      assertThat(RawHttp.get(node.port(), "/health/live").status()).isEqualTo(200);
      try (SseClient late = SseClient.open(node.port(), "/v1/events")) {
        assertThat(late.head().status()).isEqualTo(200);
        List<Frame> frames = late.rest();
        assertThat(frames).hasSize(1);
        assertThat(frames.get(0).data()).isEqualTo("{\"reason\":\"drain\"}");
      }
      assertThat(RawHttp.get(node.port(), "/v1/events", "Accept: application/json").status())
          .isEqualTo(503);
    }
  }

  @Test
  void endsWhatIsPrivateWhenRevocationsCannotBeRead() throws Exception {
    try (TestDatabase database = TestLogs.create()) {
      HttpTestNode node =
          HttpTestNode.start(
              database,
              """
              gapless.auth {
                mode = tokens
                revocation-poll-interval = 200 ms
                revocation-stale-after = 1 s
                tokens = [ { sha256 = "%s", scopes = [ { allow = [read] } ] } ]
              }
              """
                  .formatted(TokenHash.ofToken("reader").hex()));
      String bearer = "Authorization: Bearer reader";
      awaitPage(node, bearer);
      SseClient secret = SseClient.open(node.port(), "/v1/events", bearer);
      SseClient open = SseClient.open(node.port(), "/v1/events?path=/pub/");
      secret.await("gapless.live");
      open.await("gapless.live");
      sql(database, "ALTER TABLE gapless.revocations RENAME TO hidden");
      List<Frame> rest = secret.rest();
      assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"error\"}");
      assertThat(secret.retry()).isPresent();
      assertThat(
              RawHttp.get(node.port(), "/v1/events", bearer, "Accept: application/json").status())
          .isEqualTo(503);
      try (SseClient again = SseClient.open(node.port(), "/v1/events", bearer)) {
        assertThat(again.head().status()).isEqualTo(200);
        assertThat(again.rest().get(0).data()).isEqualTo("{\"reason\":\"error\"}");
      }
      String shown = node.append("acme", "/pub/a", "t").toString();
      assertThat(open.nextEvent().id()).isEqualTo(shown);
      sql(database, "ALTER TABLE gapless.hidden RENAME TO revocations");
      awaitPage(node, bearer);
      open.close();
      node.stop();
    }
  }

  @Test
  void endsWithTheCredential() throws Exception {
    try (HttpTestNode node =
        HttpTestNode.start(
            """
            gapless.auth {
              mode = tokens
              revocation-poll-interval = 200 ms
              tokens = [ { sha256 = "%s", expires = "%s", scopes = [ { allow = [read] } ] } ]
            }
            """
                .formatted(TokenHash.ofToken("short").hex(), Instant.now().plusSeconds(8)))) {
      String bearer = "Authorization: Bearer short";
      // private requests are served from the first read of the revocations on
      awaitPage(node, bearer);
      try (SseClient client = SseClient.open(node.port(), "/v1/events", bearer)) {
        assertThat(client.head().status()).isEqualTo(200);
        List<Frame> rest = client.rest();
        assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"expired\"}");
      }
    }
  }

  @Test
  void revokesWhilePublishingWaits() throws Exception {
    try (HttpTestNode node =
        HttpTestNode.start(
            """
            gapless.http.blocking-dispatcher.thread-pool-executor.fixed-pool-size = 1
            gapless.auth {
              mode = tokens
              revocation-poll-interval = 200 ms
              revocation-stale-after = 2 s
              tokens = [
                { sha256 = "%s", operate = true, scopes = [ { allow = [read, write] } ] }
                { sha256 = "%s", scopes = [ { allow = [read] } ] }
              ]
            }
            """
                .formatted(
                    TokenHash.ofToken("operator").hex(), TokenHash.ofToken("reader").hex()))) {
      String operator = "Authorization: Bearer operator";
      String json = "Content-Type: application/json";
      awaitPage(node, operator);
      try (Connection locker = node.database.dataSource().getConnection();
          SseClient reader =
              SseClient.open(node.port(), "/v1/events", "Authorization: Bearer reader")) {
        reader.await("gapless.live");
        locker.setAutoCommit(false);
        locker.createStatement().execute("LOCK TABLE gapless.events IN EXCLUSIVE MODE");
        CompletableFuture<Integer> published =
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return RawHttp.send(
                            node.port(),
                            "POST /v1/events HTTP/1.1",
                            "{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\"}",
                            operator,
                            json)
                        .status();
                  } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                  }
                });
        Awaitility.await().until(() -> isAnyoneWaiting(node.database));
        RawHttp.Answer revoked =
            RawHttp.send(
                node.port(),
                "POST /v1/revocations HTTP/1.1",
                "{\"sha256\":\"" + TokenHash.ofToken("reader").hex() + "\"}",
                operator,
                json);
        assertThat(revoked.status()).isEqualTo(204);
        List<Frame> rest = reader.rest();
        assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"revoked\"}");
        assertThat(published).isNotDone();
        locker.rollback();
        assertThat(published.get(20, TimeUnit.SECONDS)).isEqualTo(201);
      }
    }
  }

  private static boolean isAnyoneWaiting(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        var sql = connection.createStatement();
        var row =
            sql.executeQuery(
                "SELECT FROM pg_locks WHERE NOT granted"
                    + " AND database = (SELECT oid FROM pg_database"
                    + " WHERE datname = current_database())")) {
      return row.next();
    }
  }

  private static void awaitPage(HttpTestNode node, String bearer) {
    Awaitility.await()
        .until(
            () ->
                RawHttp.get(node.port(), "/v1/events", bearer, "Accept: application/json").status()
                    == 200);
  }

  private static void sql(TestDatabase database, String statement)
      throws SQLException, IOException {
    try (Connection connection = database.dataSource().getConnection();
        var sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }
}
