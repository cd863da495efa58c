package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How many streams a token and an owner may have at once. */
class StreamAdmissionTest {
  private static final int PER_TOKEN = 2;
  private static final int PER_OWNER = 3;
  private static final int MANY = 24;
  private static final String PUBLIC = "/v1/events?path=/pub/";

  private static HttpTestNode node;

  @BeforeAll
  static void start() {
    node = start(PER_TOKEN, PER_OWNER, "");
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  private static HttpTestNode start(int perToken, int perOwner, String further) {
    String tokens =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    "{ sha256 = \"%s\", operate = true, scopes = [ { allow = [read] } ] }"
                        .formatted(TokenHash.ofToken("token" + i).hex()))
            .collect(Collectors.joining("\n"));
    HttpTestNode started =
        HttpTestNode.start(
            """
            gapless.hub.heartbeat = 100 ms
            gapless.drain = 100 ms
            gapless.http.admission { streams-per-token = %d, streams-per-owner = %d }
            gapless.auth { mode = tokens, revocation-poll-interval = 200 ms, tokens = [ %s ] }
            %s
            """
                .formatted(perToken, perOwner, tokens, further));
    awaitCredentials(started);
    return started;
  }

  private static void awaitCredentials(HttpTestNode on) {
    Awaitility.await()
        .until(
            () ->
                RawHttp.get(on.port(), "/v1/events", bearer(0), "Accept: application/json").status()
                    == 200);
  }

  private static String bearer(int token) {
    return "Authorization: Bearer token" + token;
  }

  private static boolean isLetIn(SseClient client) throws IOException {
    assertThat(client.head().status()).isEqualTo(200);
    Frame first = client.next().orElseThrow();
    assertThat(first.event()).isIn("gapless.open", "gapless.close");
    return first.event().equals("gapless.open");
  }

  private static SseClient letIn(HttpTestNode on, String target, String... headers)
      throws IOException {
    SseClient client = SseClient.open(on.port(), target, headers);
    assertThat(isLetIn(client)).as(target).isTrue();
    return client;
  }

  private static void assertRefused(HttpTestNode on, String target, String... headers)
      throws IOException {
    try (SseClient client = SseClient.open(on.port(), target, headers)) {
      assertThat(client.head().status()).isEqualTo(200);
      // one that is let in would not end
      Frame first = client.next().orElseThrow();
      assertThat(first.event()).isEqualTo("gapless.close");
      assertThat(first.data()).isEqualTo("{\"reason\":\"overloaded\"}");
      assertThat(client.rest()).isEmpty();
      assertThat(client.retry().orElseThrow()).isBetween(5_000L, 15_000L);
    }
  }

  /** Until the place of a stream that has ended is free: the server has to notice it first. */
  private static void awaitLetIn(HttpTestNode on, String target, String... headers) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              try (SseClient client = SseClient.open(on.port(), target, headers)) {
                return isLetIn(client);
              }
            });
  }

  private static void awaitNobody(HttpTestNode on) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> on.services.openStreams() == 0 && remembered(on) == 0);
  }

  private static int remembered(HttpTestNode on) {
    return on.services.admission().streams().orElseThrow().remembered();
  }

  private static long refused(HttpTestNode on, Refusal reason) {
    return on.services.admission().status().refused(reason);
  }

  @Test
  void aTokenHasItsStreamsAndNoMore() throws IOException {
    String cursor = node.append("acme", "/a", "t").toString();
    Awaitility.await().until(() -> node.gapless.hub().head().toString().equals(cursor));
    SseClient first = letIn(node, "/v1/events", bearer(1));
    SseClient second = letIn(node, "/v1/events?owner=acme", bearer(1));
    assertRefused(node, "/v1/events", bearer(1));
    // others are not concerned, nor is what everybody may read
    SseClient other = letIn(node, "/v1/events", bearer(2));
    for (int i = 0; i <= PER_TOKEN; i++) {
      letIn(node, PUBLIC, bearer(1)).close();
    }
    // the headers alone are no stream
    for (int i = 0; i <= PER_TOKEN; i++) {
      assertThat(
              RawHttp.send(
                      node.port(),
                      "HEAD /v1/events HTTP/1.1",
                      "",
                      bearer(3),
                      "Accept: text/event-stream")
                  .status())
          .isEqualTo(200);
    }
    letIn(node, "/v1/events", bearer(3)).close();
    first.close();
    awaitLetIn(node, "/v1/events", bearer(1));
    second.close();
    other.close();
  }

  @Test
  void ofManyAtOnceExactlyTheExcessIsRefused() throws Exception {
    long before = refused(node, Refusal.STREAMS_PER_TOKEN);
    assertThat(letInOfMany("/v1/events", bearer(4))).isEqualTo(PER_TOKEN);
    assertThat(refused(node, Refusal.STREAMS_PER_TOKEN) - before).isEqualTo(MANY - PER_TOKEN);
    before = refused(node, Refusal.STREAMS_PER_OWNER);
    assertThat(letInOfMany(PUBLIC + "&owner=crowded")).isEqualTo(PER_OWNER);
    assertThat(refused(node, Refusal.STREAMS_PER_OWNER) - before).isEqualTo(MANY - PER_OWNER);
    // each limit for itself: below it nothing is refused
    before = refused(node, Refusal.STREAMS_PER_TOKEN);
    assertThat(letInOfMany(PUBLIC)).isEqualTo(MANY);
    assertThat(refused(node, Refusal.STREAMS_PER_TOKEN)).isEqualTo(before);
    String status = RawHttp.get(node.port(), "/v1/status", bearer(0)).text();
    assertThat(status).contains("\"STREAMS_PER_TOKEN\":" + before);
  }

  private static int letInOfMany(String target, String... headers) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(MANY);
    CyclicBarrier together = new CyclicBarrier(MANY);
    List<SseClient> clients = new ArrayList<>();
    try {
      List<Future<SseClient>> opening = new ArrayList<>();
      for (int i = 0; i < MANY; i++) {
        opening.add(
            threads.submit(
                () -> {
                  together.await(20, TimeUnit.SECONDS);
                  return SseClient.open(node.port(), target, headers);
                }));
      }
      int letIn = 0;
      for (Future<SseClient> one : opening) {
        clients.add(one.get(20, TimeUnit.SECONDS));
        letIn += isLetIn(clients.get(clients.size() - 1)) ? 1 : 0;
      }
      return letIn;
    } finally {
      threads.shutdownNow();
      for (SseClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void aStreamOfSeveralOwnersTakesAPlaceOfEachOrOfNone() throws IOException {
    List<SseClient> clients = new ArrayList<>();
    for (int i = 0; i < PER_OWNER; i++) {
      clients.add(letIn(node, PUBLIC + "&owner=full"));
    }
    assertRefused(node, PUBLIC + "&owner=full");
    for (int i = 0; i <= PER_OWNER; i++) {
      assertRefused(node, PUBLIC + "&owner=beside&owner=full");
    }
    for (int i = 0; i < PER_OWNER; i++) {
      clients.add(letIn(node, PUBLIC + "&owner=beside&owner=another"));
    }
    assertRefused(node, PUBLIC + "&owner=another");
    // one for all owners names none of them
    clients.add(letIn(node, PUBLIC));
    for (SseClient client : clients) {
      client.close();
    }
    awaitLetIn(node, PUBLIC + "&owner=full&owner=beside&owner=another");
  }

  @Test
  void everyEndOfAStreamGivesItsPlaceBack() throws Exception {
    try (HttpTestNode own =
        start(1, 1, "gapless.http.max-streams = 2, gapless.auth.revocation-stale-after = 2 s")) {
      String target = "/v1/events?owner=acme";
      SseClient vanishing = letIn(own, target, bearer(1));
      assertRefused(own, target, bearer(1));
      vanishing.close();
      awaitNobody(own);

      SseClient limited = letIn(own, target + "&limit=1", bearer(1));
      own.append("acme", "/a", "t");
      assertEndsWith(limited, "limit");
      awaitNobody(own);

      assertEndsWith(letIn(own, target + "&live=false&after=0", bearer(1)), "end");
      awaitNobody(own);

      // the node has no room: nobody's place is taken
      SseClient one = letIn(own, PUBLIC);
      SseClient two = letIn(own, PUBLIC);
      assertRefused(own, target, bearer(1));
      assertThat(remembered(own)).isZero();
      one.close();
      two.close();
      awaitNobody(own);

      SseClient revoked = letIn(own, target, bearer(2));
      assertThat(
              RawHttp.send(
                      own.port(),
                      "POST /v1/revocations HTTP/1.1",
                      "{\"sha256\":\"" + TokenHash.ofToken("token2").hex() + "\"}",
                      bearer(0),
                      "Content-Type: application/json")
                  .status())
          .isEqualTo(204);
      assertEndsWith(revoked, "revoked");
      awaitNobody(own);

      SseClient failing = letIn(own, target, bearer(1));
      sql(own.database, "ALTER TABLE gapless.revocations RENAME TO hidden");
      assertEndsWith(failing, "error");
      awaitNobody(own);
      sql(own.database, "ALTER TABLE gapless.hidden RENAME TO revocations");
      awaitCredentials(own);

      SseClient drained = letIn(own, target, bearer(1));
      own.services.drain(Duration.ofMillis(100));
      assertEndsWith(drained, "drain");
      awaitNobody(own);
      try (SseClient late = SseClient.open(own.port(), target, bearer(1))) {
        assertThat(late.rest()).extracting(Frame::data).containsExactly("{\"reason\":\"drain\"}");
      }
      awaitNobody(own);
      assertThat(refused(own, Refusal.STREAMS_PER_TOKEN)).isEqualTo(1);
      assertThat(refused(own, Refusal.MAX_STREAMS)).isEqualTo(1);
    }
  }

  private static void assertEndsWith(SseClient client, String reason) throws IOException {
    try (client) {
      List<Frame> rest = client.rest();
      assertThat(rest.get(rest.size() - 1).event()).isEqualTo("gapless.close");
      assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"" + reason + "\"}");
    }
  }

  private static void sql(TestDatabase database, String statement) throws Exception {
    try (Connection connection = database.dataSource().getConnection();
        var sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }
}
