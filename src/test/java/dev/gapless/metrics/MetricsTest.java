package dev.gapless.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.Backends;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a node tells Prometheus before, during and after what can happen to it. */
class MetricsTest {
  private static final String EVENT =
      "{\"owner\":\"acme-" + ServerNode.MARKER + "\",\"path\":\"/a\",\"type\":\"note\"}";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static TestDatabase database;
  private static ServerNode node;

  @BeforeAll
  static void start() {
    database = TestDatabase.ownCluster();
    node =
        ServerNode.start(
            database,
            "gapless { http.max-streams = 3, hub.heartbeat = 300 ms, housekeeping = 1 s }");
  }

  @AfterAll
  static void stop() {
    node.close();
    database.close();
  }

  private static Scrape scrape() {
    return Scrape.of(node);
  }

  private static void awaitValue(double value, String name, String... labels) {
    await(name)
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(scrape().value(name, labels)).isEqualTo(value));
  }

  @Test
  void countsWhatIsDelivered() {
    Scrape before = scrape();
    try (EventClient client = EventClient.watch(node, "/v1/events")) {
      awaitValue(1, "gapless_subscribers", "state", "live");
      for (int i = 0; i < 10; i++) {
        assertThat(node.publish(EVENT).statusCode()).isEqualTo(201);
      }
      await().atMost(PATIENCE).until(() -> client.count() == 10);
      Scrape now = scrape();
      assertThat(grown(before, now, "gapless_deliveries_total")).isEqualTo(10);
      assertThat(grown(before, now, "gapless_tail_events_total")).isEqualTo(10);
      assertThat(grown(before, now, "gapless_tail_batches_total")).isBetween(1.0, 10.0);
      assertThat(now.value("gapless_head") - before.value("gapless_head")).isEqualTo(10);
      double writes = grown(before, now, "gapless_insert_to_subscriber_seconds_count");
      assertThat(writes).isBetween(1.0, 10.0);
      assertThat(now.value("gapless_insert_to_subscriber_seconds_bucket", "le", "30.0"))
          .isEqualTo(now.value("gapless_insert_to_subscriber_seconds_count"));
      // this PostgreSQL does not keep the times of commits
      assertThat(now.value("gapless_commit_to_subscriber_seconds_count")).isZero();
      // each frame has at least an id, a type and its data
      assertThat(grown(before, now, "gapless_streams_sent_bytes_total")).isGreaterThan(10 * 100);
      String[] posts = {"route", "/v1/events", "method", "POST", "status", "201"};
      assertThat(
              now.value("gapless_http_requests_seconds_count", posts)
                  - before.value("gapless_http_requests_seconds_count", posts))
          .isEqualTo(10);
    }
    awaitValue(0, "gapless_subscribers", "state", "live");
    awaitValue(0, "gapless_streams");
  }

  @Test
  void showsAHoleAndWhoHoldsItOpen() throws SQLException {
    awaitValue(0, "gapless_hole_blocked_seconds");
    try (EventClient client = EventClient.watch(node, "/v1/events");
        Connection parked = database.dataSource().getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute("SELECT gapless.publish('acme', '/parked', 'note')");
      node.publish(EVENT);
      awaitValue(1, "gapless_tail_state", "state", "blocked");
      awaitValue(1, "gapless_hole_blockers");
      assertThat(scrape().value("gapless_hole_blocked_seconds")).isPositive();
      assertThat(scrape().value("gapless_head_lag")).isPositive();
      parked.rollback();
      await().atMost(PATIENCE).until(() -> client.count() == 1);
    }
    awaitValue(0, "gapless_hole_blocked_seconds");
    awaitValue(0, "gapless_hole_blockers");
    awaitValue(1, "gapless_tail_state", "state", "following");
  }

  @Test
  void showsAListenerThatWasCutOff() {
    awaitValue(1, "gapless_listener_state", "state", "listening");
    double before = scrape().value("gapless_listener_restarts_total");
    Backends.of(new Oracle(database.dataSource()), node).terminateListener();
    await()
        .atMost(PATIENCE)
        .until(() -> scrape().value("gapless_listener_restarts_total") == before + 1);
    awaitValue(1, "gapless_listener_state", "state", "listening");
    assertThat(node.output()).contains("listener_failed").contains("listener_restarted");
  }

  @Test
  void showsADatabaseThatIsAway() {
    database.stop(StopMode.FAST);
    try {
      awaitValue(1, "gapless_tail_state", "state", "disconnected");
      awaitValue(0, "gapless_listener_state", "state", "listening");
    } finally {
      database.start();
    }
    awaitValue(1, "gapless_tail_state", "state", "following");
    awaitValue(1, "gapless_listener_state", "state", "listening");
    node.awaitReady();
  }

  @Test
  void countsWhoWasNotLetInAndWhyStreamsEnded() {
    Scrape before = scrape();
    assertThat(stream("/v1/events?live=false&after=earliest")).contains("gapless.close");
    await()
        .atMost(PATIENCE)
        .until(() -> grown(before, scrape(), "gapless_streams_closed_total", "reason", "end") == 1);
    try (EventClient one = EventClient.watch(node, "/v1/events");
        EventClient two = EventClient.watch(node, "/v1/events");
        EventClient three = EventClient.watch(node, "/v1/events")) {
      assertThat(stream("/v1/events")).contains("overloaded");
      assertThat(grown(before, scrape(), "gapless_streams_closed_total", "reason", "overloaded"))
          .isEqualTo(1);
    }
    awaitValue(0, "gapless_streams");
  }

  @Test
  void countsResets() {
    Scrape before = scrape();
    assertThat(stream("/v1/events?live=false&after=999999999999")).contains("gapless.reset");
    assertThat(grown(before, scrape(), "gapless_cursor_resets_total", "reason", "ahead"))
        .isEqualTo(1);
  }

  @Test
  void countsTheContentsOfFiles() {
    Scrape before = scrape();
    assertThat(node.putFile("acme/notes/a", "0123456789").statusCode()).isEqualTo(201);
    assertThat(node.get("/v1/files/acme/notes/a").body()).isEqualTo("0123456789");
    Scrape now = scrape();
    assertThat(grown(before, now, "gapless_files_bytes_total", "direction", "stored"))
        .isEqualTo(10);
    assertThat(grown(before, now, "gapless_files_bytes_total", "direction", "read")).isEqualTo(10);
  }

  @Test
  void countsHousekeepingThatFails() {
    Scrape before = scrape();
    database.execute("ALTER TABLE gapless.idempotency RENAME TO away");
    try {
      await()
          .atMost(PATIENCE)
          .until(() -> grown(before, scrape(), "gapless_housekeeping_failures_total") > 0);
      assertThat(node.output()).contains("housekeeping_failed");
    } finally {
      database.execute("ALTER TABLE gapless.away RENAME TO idempotency");
    }
  }

  @Test
  void logsTheSizeOfWhatIsTooLarge() {
    String large = EVENT.replace("\"type\"", "\"data\":\"" + "x".repeat(300_000) + "\",\"type\"");
    assertThat(node.publish(large).statusCode()).isEqualTo(413);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                node.output()
                    .contains(
                        "event_over_limit payload_size=\""
                            + large.length()
                            + "\" payload_limit=\"262144\""));
  }

  @Test
  void speaksTheFormatThatIsAskedFor() {
    assertThat(contentType(metrics("text/plain"))).startsWith("text/plain; version=0.0.4");
    HttpResponse<String> open = metrics("application/openmetrics-text; version=1.0.0");
    assertThat(contentType(open)).startsWith("application/openmetrics-text; version=1.0.0");
    assertThat(open.body()).endsWith("# EOF\n");
  }

  @Test
  void tellsNothingThatClientsMadeUp() {
    node.get("/v1/files/acme-" + ServerNode.MARKER + "/notes");
    node.get("/" + ServerNode.MARKER);
    node.publish(EVENT);
    assertThat(node.get("/metrics").body()).doesNotContain(ServerNode.MARKER);
  }

  @Test
  void onlyThoseWhoOperateSeeThem() {
    // the SHA-256 of "operator" and of "reader"
    String tokens =
        """
        gapless.auth {
          mode = tokens
          tokens = [
            { name = "o", operate = true,
              sha256 = "06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23" }
            { name = "r", scopes = [ { allow = [read] } ],
              sha256 = "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30" }
          ]
        }
        """;
    try (TestDatabase own = TestDatabase.create();
        ServerNode guarded = ServerNode.start(own, tokens)) {
      assertThat(guarded.get("/metrics").statusCode()).isEqualTo(401);
      guarded.useToken("reader");
      assertThat(guarded.get("/metrics").statusCode()).isEqualTo(403);
      guarded.useToken("operator");
      assertThat(guarded.get("/metrics").statusCode()).isEqualTo(200);
    }
  }

  private static double grown(Scrape before, Scrape now, String name, String... labels) {
    return now.value(name, labels) - before.value(name, labels);
  }

  /** All of a stream that the node ends. */
  private static String stream(String target) {
    return node.send(
            HttpRequest.newBuilder(URI.create(node.url() + target))
                .header("Accept", "text/event-stream"))
        .body();
  }

  private static HttpResponse<String> metrics(String accept) {
    return node.send(
        HttpRequest.newBuilder(URI.create(node.url() + "/metrics")).header("Accept", accept));
  }

  private static String contentType(HttpResponse<String> answer) {
    return answer.headers().firstValue("Content-Type").orElse("");
  }
}
