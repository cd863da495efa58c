package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
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

/** How much a token may publish over time. The rates are so low that only the burst counts. */
class PublishAdmissionTest {
  private static final int REQUESTS = 4;
  private static final int EVENTS = 5;
  private static final String JSON = "Content-Type: application/json";

  private static HttpTestNode node;

  @BeforeAll
  static void start() {
    String tokens =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    "{ sha256 = \"%s\", scopes = [ { allow = [read, write] } ] }"
                        .formatted(TokenHash.ofToken("token" + i).hex()))
            .collect(Collectors.joining("\n"));
    node =
        HttpTestNode.start(
            """
            gapless.http.max-drafts = %d
            gapless.drain = 100 ms
            gapless.http.admission {
              publish-requests { per-second = 0.01, burst = %d }
              publish-events { per-second = 0.01, burst = %d }
            }
            gapless.auth { mode = tokens, tokens = [ %s ] }
            """
                .formatted(EVENTS, REQUESTS, EVENTS, tokens));
    Awaitility.await()
        .until(
            () ->
                RawHttp.get(node.port(), "/v1/events", bearer(0), "Accept: application/json")
                        .status()
                    == 200);
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  private static String bearer(int token) {
    return "Authorization: Bearer token" + token;
  }

  private static String drafts(String owner, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "{\"owner\":\"" + owner + "\",\"path\":\"/" + i + "\",\"type\":\"t\"}")
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static Answer publish(int token, String owner, int count) throws IOException {
    return RawHttp.send(
        node.port(), "POST /v1/events HTTP/1.1", drafts(owner, count), bearer(token), JSON);
  }

  private static long committed(String owner) throws Exception {
    try (Connection connection = node.database.dataSource().getConnection();
        var sql =
            connection.prepareStatement("SELECT count(*) FROM gapless.events WHERE owner = ?")) {
      sql.setString(1, owner);
      try (ResultSet row = sql.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static void assertTooMany(Answer answer, String limit, int leastWait, int longestWait)
      throws IOException {
    assertThat(answer.status()).isEqualTo(429);
    JsonNode problem = ResourceTest.problem(answer);
    assertThat(problem.path("title").asText()).isEqualTo("Too Many Requests");
    assertThat(problem.path("exceeded").asText()).isEqualTo(limit);
    assertThat(problem.path("outcome").asText()).isEqualTo("not-committed");
    int wait = Integer.parseInt(answer.header("Retry-After").orElseThrow());
    assertThat(wait).isBetween(leastWait, longestWait);
    assertThat(problem.path("retryAfter").asInt()).isEqualTo(wait);
    assertThat(answer.header("Cache-Control")).contains("no-store");
  }

  @Test
  void aTokenHasItsRequestsAndNoMore() throws Exception {
    for (int i = 0; i < REQUESTS; i++) {
      assertThat(publish(1, "many-requests", 1).status()).isEqualTo(201);
    }
    for (int i = 0; i < 3; i++) {
      assertTooMany(publish(1, "many-requests", 1), "publish-requests", 50, 100);
    }
    assertThat(committed("many-requests")).isEqualTo(REQUESTS);
    // reading is another matter
    assertThat(
            RawHttp.get(node.port(), "/v1/events", bearer(1), "Accept: application/json").status())
        .isEqualTo(200);
  }

  @Test
  void itsEventsAreAllCommittedOrNone() throws Exception {
    assertThat(publish(2, "many-events", EVENTS - 2).status()).isEqualTo(201);
    assertTooMany(publish(2, "many-events", 3), "publish-events", 50, 100);
    assertThat(committed("many-events")).isEqualTo(EVENTS - 2);
    // what was refused has taken nothing
    assertThat(publish(2, "many-events", 2).status()).isEqualTo(201);
    assertTooMany(publish(2, "many-events", 1), "publish-events", 50, 100);
    assertThat(committed("many-events")).isEqualTo(EVENTS);
  }

  @Test
  void isRefusedBeforeItsBodyIsRead() throws Exception {
    for (int i = 0; i < REQUESTS; i++) {
      // whatever it is answered, it is a request
      assertThat(
              RawHttp.send(node.port(), "POST /v1/events HTTP/1.1", "{", bearer(3), JSON).status())
          .isEqualTo(400);
    }
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(
          RawHttp.head(
              "POST /v1/events HTTP/1.1",
              new byte[0],
              bearer(3),
              JSON,
              "Content-Length: 1000000",
              "Expect: 100-continue"));
      assertTooMany(http.read(false), "publish-requests", 50, 100);
    }
    // an unknown token is none, and takes nothing from anybody
    assertThat(
            RawHttp.send(
                    node.port(),
                    "POST /v1/events HTTP/1.1",
                    drafts("nobody", 1),
                    "Authorization: Bearer unknown",
                    JSON)
                .status())
        .isEqualTo(401);
    assertThat(publish(4, "somebody", 1).status()).isEqualTo(201);
  }

  @Test
  void ofManyAtOnceExactlyTheExcessIsRefused() throws Exception {
    int many = 24;
    long before = node.services.admission().status().refused(Refusal.PUBLISH_REQUESTS);
    ExecutorService threads = Executors.newFixedThreadPool(many);
    CyclicBarrier together = new CyclicBarrier(many);
    List<Future<Integer>> publishing = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      publishing.add(
          threads.submit(
              () -> {
                together.await(20, TimeUnit.SECONDS);
                return publish(5, "racing", 1).status();
              }));
    }
    List<Integer> statuses = new ArrayList<>();
    for (Future<Integer> one : publishing) {
      statuses.add(one.get(20, TimeUnit.SECONDS));
    }
    threads.shutdownNow();
    assertThat(statuses).containsOnly(201, 429);
    assertThat(statuses.stream().filter(status -> status == 201)).hasSize(REQUESTS);
    assertThat(committed("racing")).isEqualTo(REQUESTS);
    // this class publishes one test after the other
    assertThat(node.services.admission().status().refused(Refusal.PUBLISH_REQUESTS) - before)
        .isEqualTo(many - REQUESTS);
  }

  @Test
  void whoWaitsMayAgain() throws Exception {
    try (HttpTestNode own =
        HttpTestNode.start(
            """
            gapless.http.max-publishing = 1
            gapless.drain = 100 ms
            gapless.http.admission.publish-requests { per-second = 2, burst = 1 }
            """)) {
      // a request whose body does not come holds the only place
      try (RawHttp slow = RawHttp.connect(own.port())) {
        slow.write(
            RawHttp.head("POST /v1/events HTTP/1.1", new byte[0], JSON, "Content-Length: 10"));
        awaitStatus(own, 503);
      }
      assertThat(own.services.admission().status().refused(Refusal.MAX_PUBLISHING)).isEqualTo(1);
      awaitStatus(own, 201);
      // without a token all are one caller
      Answer answer = publishOpenly(own);
      for (int i = 0; i < 100 && answer.status() == 201; i++) {
        answer = publishOpenly(own);
      }
      assertTooMany(answer, "publish-requests", 1, 1);
      awaitStatus(own, 201);
    }
  }

  private static Answer publishOpenly(HttpTestNode on) throws IOException {
    return RawHttp.send(on.port(), "POST /v1/events HTTP/1.1", drafts("acme", 1), JSON);
  }

  private static void awaitStatus(HttpTestNode on, int status) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> publishOpenly(on).status() == status);
  }
}
