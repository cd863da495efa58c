package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may do what on the native face with static tokens, on two nodes of one database. */
class AuthorisationTest {
  private static final String TOKENS =
      """
      gapless.auth {
        mode = tokens
        revocation-poll-interval = 500 ms
        tokens = [
          { sha256 = "%s", scopes = [ { allow = [read], owner = acme, path = "/priv/app/" } ] }
          { sha256 = "%s", scopes = [ { allow = [write], owner = acme } ] }
          { sha256 = "%s", scopes = [ { allow = [read, write] } ] }
          { sha256 = "%s", operate = true }
          { sha256 = "%s", scopes = [ { allow = [read, write] } ] }
          { sha256 = "%s", scopes = [ { allow = [read, write] } ] }
          { sha256 = "%s", expires = "2026-01-01T00:00:00Z", scopes = [ { allow = [read, write] } ] }
        ]
      }
      gapless.http.cors-origins = ["https://app.example.org"]
      """
          .formatted(
              hash("narrow"),
              hash("writer"),
              hash("all"),
              hash("operator"),
              hash("revoked"),
              hash("to-revoke"),
              hash("expired"));

  private static TestDatabase database;
  private static HttpTestNode node;
  private static HttpTestNode other;

  @BeforeAll
  static void start() throws IOException {
    database = TestLogs.create();
    node = HttpTestNode.start(database, TOKENS);
    other = HttpTestNode.start(database, TOKENS);
    for (HttpTestNode each : List.of(node, other)) {
      // private requests are served from the first read of the revocations on
      Awaitility.await()
          .until(() -> RawHttp.get(each.port(), "/v1/status", bearer("operator")).status() == 200);
    }
    assertThat(revoke("revoked").status()).isEqualTo(204);
  }

  @AfterAll
  static void stop() throws Exception {
    node.stop();
    other.stop();
    database.close();
  }

  @ParameterizedTest(name = "{0} {1}: none {2} narrow {3} writer {4} all {5} operator {6}")
  @CsvSource(
      delimiter = '|',
      value = {
        // request                                                  none narrow writer all operator
        "GET  | /v1/events?owner=acme&path=/pub/                   | 200 | 200 | 200 | 200 | 200",
        "GET  | /v1/events?path=/pub/&path=/pub/a                  | 200 | 200 | 200 | 200 | 200",
        "GET  | /v1/events                                         | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme                              | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/                       | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/pub                    | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/pub/../priv/app/       | 401 | 200 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/pub/%2e%2e/priv/x      | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/priv/app/&path=/pub/   | 401 | 200 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&path=/priv/                  | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=other&path=/priv/app/             | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?owner=acme&owner=other&path=/priv/app/  | 401 | 403 | 403 | 200 | 403",
        "GET  | /v1/events?path=/priv/app/                         | 401 | 403 | 403 | 200 | 403",
        "HEAD | /v1/events?owner=acme&path=/priv/app/              | 401 | 200 | 403 | 200 | 403",
        "GET  | /v1/events?owner=never-seen&path=/priv/x           | 401 | 403 | 403 | 200 | 403",
        "POST | /v1/events                                         | 401 | 403 | 201 | 201 | 403",
        "POST | /v1/session                                        | 401 | 204 | 204 | 204 | 204",
        "GET  | /v1/status                                         | 401 | 403 | 403 | 403 | 200",
        "HEAD | /v1/status                                         | 401 | 403 | 403 | 403 | 200",
        "POST | /v1/revocations                                    | 401 | 403 | 403 | 403 | 204",
        "GET  | /health/live                                       | 200 | 200 | 200 | 200 | 200",
        "GET  | /health/ready                                      | 200 | 200 | 200 | 200 | 200",
      })
  void matrix(String method, String target, int none, int narrow, int writer, int all, int operator)
      throws IOException {
    assertThat(status(method, target)).as("none").isEqualTo(none);
    assertThat(status(method, target, bearer("unknown"))).as("unknown").isEqualTo(none);
    assertThat(status(method, target, bearer("revoked"))).as("revoked").isEqualTo(none);
    assertThat(status(method, target, bearer("expired"))).as("expired").isEqualTo(none);
    assertThat(status(method, target, bearer("narrow"))).as("narrow").isEqualTo(narrow);
    assertThat(status(method, target, bearer("writer"))).as("writer").isEqualTo(writer);
    assertThat(status(method, target, bearer("all"))).as("all").isEqualTo(all);
    assertThat(status(method, target, bearer("operator"))).as("operator").isEqualTo(operator);
    // a cookie serves reads only
    boolean reads = method.equals("GET") || method.equals("HEAD");
    assertThat(status(method, target, "Cookie: a=b; gapless=all"))
        .as("cookie")
        .isEqualTo(reads ? all : none);
    // what is no bearer token is no credential
    for (String other : List.of("Basic YTpi", "Bearer", "Bearer a b", "nonsense")) {
      assertThat(status(method, target, "Authorization: " + other)).as(other).isEqualTo(none);
    }
    assertThat(status(method, target, bearer("all"), bearer("all")))
        .as("given twice")
        .isEqualTo(target.startsWith("/health/") ? 200 : 400);
  }

  @Test
  void refusesOneForbiddenPlaceAmongMany() throws IOException {
    String body =
        "[{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\"},"
            + "{\"owner\":\"other\",\"path\":\"/a\",\"type\":\"t\"}]";
    Answer answer =
        RawHttp.send(
            node.port(),
            "POST /v1/events HTTP/1.1",
            body,
            bearer("writer"),
            "Content-Type: application/json");
    assertThat(answer.status()).isEqualTo(403);
  }

  @Test
  void answersAreTheSameWhetherAnythingExists() throws IOException {
    node.append("secret-owner", "/priv/x", "t");
    Answer exists = get("/v1/events?owner=secret-owner&path=/priv/x", bearer("narrow"));
    Answer absent = get("/v1/events?owner=absent-owner&path=/priv/x", bearer("narrow"));
    assertThat(withoutId(exists)).isEqualTo(withoutId(absent));
    assertThat(exists.text()).doesNotContain("secret-owner");
    assertThat(exists.header("cache-control")).contains("no-store");
  }

  @Test
  void neverNarrowsAPublicStream() throws IOException {
    try (SseClient client = SseClient.open(node.port(), "/v1/events?owner=acme&path=/pub/")) {
      client.await("gapless.live");
      node.append("acme", "/priv/app/x", "t");
      String shown = node.append("acme", "/pub/x", "t").toString();
      assertThat(client.nextEvent().id()).isEqualTo(shown);
    }
  }

  @Test
  void putsTheTokenIntoACookie() throws IOException {
    Answer session = RawHttp.send(node.port(), "POST /v1/session HTTP/1.1", "", bearer("all"));
    assertThat(session.status()).isEqualTo(204);
    assertThat(session.header("set-cookie"))
        .contains("gapless=all; Path=/; HttpOnly; SameSite=Strict");
    Answer remote =
        RawHttp.send(
            node.port(),
            "POST /v1/session HTTP/1.1",
            "",
            bearer("all"),
            "Host: events.example.org");
    assertThat(remote.header("set-cookie").orElse("")).endsWith("; Secure");
    Answer end = RawHttp.send(node.port(), "DELETE /v1/session HTTP/1.1", "");
    assertThat(end.status()).isEqualTo(204);
    assertThat(end.header("set-cookie").orElse("")).startsWith("gapless=;").contains("Max-Age=0");
  }

  @Test
  void endsTheStreamsOfARevokedTokenOnEveryNode() throws IOException {
    String target = "/v1/events?owner=acme&path=/priv/app/";
    List<SseClient> revoked = new ArrayList<>();
    for (HttpTestNode each : List.of(node, other)) {
      revoked.add(SseClient.open(each.port(), target, bearer("to-revoke")));
      revoked.add(SseClient.open(each.port(), target, "Cookie: gapless=to-revoke"));
    }
    try (SseClient unrelated = SseClient.open(other.port(), target, bearer("narrow"));
        SseClient open =
            SseClient.open(other.port(), "/v1/events?path=/pub/", bearer("to-revoke"))) {
      for (SseClient client : revoked) {
        client.await("gapless.live");
      }
      unrelated.await("gapless.live");
      open.await("gapless.live");
      String before = node.append("acme", "/priv/app/before", "t").toString();
      for (SseClient client : revoked) {
        assertThat(client.nextEvent().id()).isEqualTo(before);
      }
      long began = System.nanoTime();
      assertThat(revoke("to-revoke").status()).isEqualTo(204);
      for (SseClient client : revoked) {
        List<Frame> rest = client.rest();
        assertThat(rest.get(rest.size() - 1).data()).isEqualTo("{\"reason\":\"revoked\"}");
        client.close();
      }
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
      for (HttpTestNode each : List.of(node, other)) {
        assertThat(
                RawHttp.get(each.port(), target, "Accept: application/json", bearer("to-revoke"))
                    .status())
            .isEqualTo(401);
      }
      String after = node.append("acme", "/priv/app/after", "t").toString();
      assertThat(unrelated.nextEvent().id()).isEqualTo(before);
      assertThat(unrelated.nextEvent().id()).isEqualTo(after);
      String shown = node.append("acme", "/pub/after", "t").toString();
      assertThat(open.nextEvent().id()).isEqualTo(shown);
    }
  }

  @Test
  void letsOnlyListedOriginsReadAnswers() throws IOException {
    Answer listed = get("/v1/events?path=/pub/", "Origin: https://app.example.org");
    assertThat(listed.header("access-control-allow-origin")).contains("https://app.example.org");
    Answer foreign = get("/v1/events?path=/pub/", "Origin: https://evil.example.org");
    assertThat(foreign.header("access-control-allow-origin")).isEmpty();
  }

  @Test
  void showsStatusWithoutAnythingPrivate() throws IOException {
    node.append("marker-owner", "/priv/marker-path", "marker.type");
    Answer status = get("/v1/status", bearer("operator"));
    assertThat(status.text())
        .contains("\"node\":\"test-node\"", "\"head\":", "\"listener\":", "\"versions\":")
        .doesNotContain("marker", "/priv/", hash("operator"));
  }

  private static String withoutId(Answer answer) {
    return answer.status() + answer.text().replaceAll("\"requestId\":\"[^\"]*\"", "");
  }

  private static Answer revoke(String token) throws IOException {
    return RawHttp.send(
        node.port(),
        "POST /v1/revocations HTTP/1.1",
        "{\"sha256\":\"" + hash(token) + "\"}",
        bearer("operator"),
        "Content-Type: application/json");
  }

  private static Answer get(String target, String... headers) throws IOException {
    List<String> all = new ArrayList<>(List.of(headers));
    all.add("Accept: application/json");
    return RawHttp.get(node.port(), target, all.toArray(String[]::new));
  }

  private static int status(String method, String target, String... headers) throws IOException {
    List<String> all = new ArrayList<>(List.of(headers));
    all.add("Accept: application/json");
    String body = "";
    if (target.equals("/v1/events") && method.equals("POST")) {
      body = "{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\"}";
    } else if (target.equals("/v1/revocations")) {
      body = "{\"sha256\":\"" + "0".repeat(64) + "\"}";
    }
    if (!body.isEmpty()) {
      all.add("Content-Type: application/json");
    }
    Answer answer =
        RawHttp.send(
            node.port(), method + " " + target + " HTTP/1.1", body, all.toArray(String[]::new));
    if (answer.status() >= 400 && !method.equals("HEAD")) {
      ResourceTest.problem(answer);
    }
    return answer.status();
  }

  private static String bearer(String token) {
    return "Authorization: Bearer " + token;
  }

  private static String hash(String token) {
    return TokenHash.ofToken(token).hex();
  }
}
