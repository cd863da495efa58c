package dev.gapless.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the fuzzer has found, each with the request that showed it. */
class PinnedRequestsTest {
  private static final String USER = "o".repeat(52);

  private static TestDatabase database;
  private static ServerNode node;
  private static LogRules log;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    node =
        ServerNode.start(database.jdbcUrl(), NodeOptions.config("gapless.server.h2c = on").quick());
    log = new LogRules(node);
  }

  @AfterAll
  static void stop() {
    node.stop();
    database.close();
    List<String> logged = log.violations();
    node.close();
    assertThat(logged).isEmpty();
  }

  /** It was 500: Pekko takes a length of 0 for a mistake. */
  @Test
  void theHeadOfAnEmptyFileIsAsItsWhole() throws IOException {
    assertThat(RawHttp.send(node.port(), "PUT /v1/files/acme/empty HTTP/1.1", "").status())
        .isEqualTo(201);
    RawHttp.send(node.port(), "PUT /pub/empty HTTP/1.1", "", "pubky-host: " + USER);
    for (String target : List.of("/v1/files/acme/empty", "/pub/empty?pubky-host=" + USER)) {
      for (String method : List.of("GET ", "HEAD ")) {
        Answer answer = RawHttp.send(node.port(), method + target + " HTTP/1.1", "");
        assertThat(answer.status()).as(method + target).isEqualTo(200);
        assertThat(answer.header("content-length")).contains("0");
        assertThat(answer.header("etag")).isPresent();
      }
    }
  }

  /** They were 500, with an error in the log. */
  @ParameterizedTest
  @ValueSource(strings = {"5\r\nhelloXX", "g\r\n", "5\0\r\nhello\r\n0\r\n\r\n", "-1\r\n"})
  void chunksThatAreNoneAreTheClientsFault(String body) throws IOException {
    for (String line : List.of("POST /v1/events", "POST /v1/revocations", "PUT /v1/files/a/b")) {
      Answer answer =
          RawHttp.send(
              node.port(),
              line + " HTTP/1.1",
              body,
              "Content-Type: application/json",
              "Transfer-Encoding: chunked");
      assertThat(answer.status()).as(line).isEqualTo(400);
      assertThat(problem(answer).path("detail").asText()).contains("body");
    }
  }

  /** The node answered 200 or 204 and logged the request target. */
  @Test
  void whereNoBodyIsExpectedAMalformedOneIsRefused() throws IOException {
    String target = "/v1/files/acme/" + ServerNode.MARKER;
    RawHttp.send(node.port(), "PUT " + target + " HTTP/1.1", "x");
    for (String method : List.of("GET", "OPTIONS", "DELETE")) {
      Answer answer =
          RawHttp.send(
              node.port(),
              method + " " + target + " HTTP/1.1",
              "5\r\nhelloXX",
              "Transfer-Encoding: chunked");
      assertThat(answer.status()).as(method).isEqualTo(400);
      problem(answer);
    }
    assertThat(RawHttp.get(node.port(), target).status()).as("not deleted").isEqualTo(200);
  }

  /** Each was an error in the log. */
  @Test
  void whoLeavesInTheMiddleOfABodyIsNotTheNodesFault() throws IOException {
    for (String line : List.of("POST /v1/events", "POST /v1/revocations", "PUT /v1/files/a/b")) {
      try (RawHttp http = RawHttp.connect(node.port())) {
        http.write(
            RawHttp.head(
                line + " HTTP/1.1",
                new byte[0],
                "Content-Type: application/json",
                "Content-Length: 100"));
        http.write("{".getBytes(StandardCharsets.US_ASCII));
      }
    }
    // what they were has come to its end when others have been served
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> RawHttp.get(node.port(), "/v1/status").status() == 200);
  }

  /** Each was an error in the log; here the connection ends in the middle of a frame. */
  @Test
  void whoLeavesInTheMiddleOfAFrameIsNotTheNodesFault() throws IOException {
    for (String target : List.of("/v1/events", "/v1/revocations", "/v1/files/a/b")) {
      byte[] bytes =
          Http2.render(
              Request.of(
                      target,
                      target.contains("files") ? "PUT" : "POST",
                      target,
                      List.of("Content-Type: application/json"),
                      Verdict.unknown())
                  .withPayload(Request.Payload.of(" ".repeat(100))));
      try (RawHttp http = RawHttp.connect(node.port())) {
        http.write(Arrays.copyOf(bytes, bytes.length - 50));
        // so that it has begun to read the body
        assertThat(http.stream().read()).isNotNegative();
      }
    }
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> RawHttp.get(node.port(), "/v1/status").status() == 200);
  }

  /** It was 500 with an error in the log: Pekko HTTP keeps it as a header that is none. */
  @Test
  void aPseudoHeaderThatIsUnknownIsRefused() throws IOException {
    for (String target : List.of("/v1/events", "/v1/files/a/b", "/pub/a", "/nothing")) {
      byte[] bytes = Http2.render(Request.of(target, "GET", target, List.of(), Verdict.unknown()));
      byte[] changed =
          new String(bytes, StandardCharsets.ISO_8859_1)
              .replace(":authority", ":authorize")
              .getBytes(StandardCharsets.ISO_8859_1);
      try (RawHttp http = RawHttp.connect(node.port())) {
        http.write(changed);
        Optional<Answer> answer = Http2.answer(http.stream());
        // or Pekko ends the connection
        assertThat(answer.map(Answer::status).orElse(400)).as(target).isEqualTo(400);
      }
    }
  }

  /** They were 501 and 505, as if the node had failed. */
  @ParameterizedTest
  @ValueSource(
      strings = {"get / HTTP/1.1", "FOO / HTTP/1.1", "GET / HTTP/2.0", "GET /", "GET  / HTTP/1.1"})
  void whatIsNoRequestLineIsRefused(String line) throws IOException {
    Answer answer = RawHttp.send(node.port(), line, "");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(problem(answer).path("detail").asText())
        .startsWith("the request is malformed: its ");
  }

  /** It said only that the body is not valid JSON. */
  @Test
  void aLoneSurrogateInANameIsToldByIndexAndField() throws IOException {
    String draft = "{\"owner\":\"a\",\"path\":\"/\",\"type\":\"t\",\"data\":%s}";
    Answer answer =
        RawHttp.send(
            node.port(),
            "POST /v1/events HTTP/1.1",
            "[" + draft.formatted("1") + "," + draft.formatted("{\"a\\udfff\":null}") + "]",
            "Content-Type: application/json");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(problem(answer).path("field").asText()).isEqualTo("data");
    assertThat(problem(answer).path("index").asInt()).isEqualTo(1);
  }

  /** Pekko wrote 30 lines of log for each. */
  @Test
  void anotherSchemeEndsTheConnectionInSilence() throws IOException {
    for (String target : List.of("ftp://localhost/", "javascript:alert(1)")) {
      try (RawHttp http = RawHttp.connect(node.port())) {
        http.write(RawHttp.head("GET " + target + " HTTP/1.1", new byte[0]));
        if (http.hasNext()) {
          assertThat(http.read(false).status()).isEqualTo(400);
        }
      }
    }
  }

  private static JsonNode problem(Answer answer) throws IOException {
    assertThat(answer.header("content-type")).contains("application/problem+json");
    JsonNode problem = new ObjectMapper().readTree(answer.body());
    assertThat(problem.path("status").asInt()).isEqualTo(answer.status());
    return problem;
  }
}
