package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Wrong values everywhere: the status the protocol names, with a message that names the place. */
class BadInputTest {
  private static final String DIGITS = "9".repeat(10_000);
  private static HttpTestNode node;

  @BeforeAll
  static void start() {
    node = HttpTestNode.start("gapless.http.body-timeout = 500 ms");
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  static Stream<Arguments> parameters() {
    List<Arguments> cases = new ArrayList<>();
    List<String> notCursors =
        List.of(
            "-1",
            "",
            "%00",
            "1%0D%0A",
            DIGITS,
            "9223372036854775808",
            "abc",
            "1-",
            "1-abc",
            "1-abcde%00",
            "-100",
            "1.5",
            "%EF%BC%91",
            "0-00000",
            "+1",
            "0x10",
            "1%2000");
    for (String value : notCursors) {
      cases.add(bad("after", "after=" + value));
      cases.add(bad("owner", "owner=acme:" + value));
      cases.add(bad("lastEventId", "lastEventId=" + value));
      cases.add(bad("last_event_id", "last_event_id=" + value));
    }
    cases.add(bad("owner", "owner=acme:now"));
    cases.add(bad("lastEventId", "lastEventId=now"));
    for (String value :
        List.of("", "%00", "a%20b", "a/b", "%2e%2e%2f", "a".repeat(129), "%C3%A9")) {
      cases.add(bad("owner", "owner=" + value));
    }
    for (String value :
        List.of(
            "",
            "a",
            "%00",
            "/%00",
            "/a%0D",
            "/%7F",
            "/%C2%85",
            "/..",
            "/a/../..",
            "/%2e%2e",
            "/" + "a".repeat(2100),
            "/" + "a".repeat(256),
            "%2e%2e/")) {
      cases.add(bad("path", "path=" + value));
    }
    for (String value :
        List.of("", "error", "open", "gapless.live", "a%0Ab", "%00", "a%20b", "a".repeat(65))) {
      cases.add(bad("type", "type=" + value));
    }
    for (String value : List.of("0", "-1", "", "1.5", "x", DIGITS, "%00", "9223372036854775808")) {
      cases.add(bad("limit", "limit=" + value));
    }
    for (String value : List.of("", "1", "yes", "TRUE", "%00")) {
      cases.add(bad("live", "live=" + value));
      cases.add(bad("reverse", "reverse=" + value));
    }
    for (String value : List.of("", "-1", "61", "x", "1s", DIGITS)) {
      cases.add(bad("wait", "wait=" + value));
    }
    cases.add(bad("on-reset", "on-reset=tail"));
    cases.add(bad("reverse", "reverse=true"));
    cases.add(bad("limit", "limit=1&limit=2"));
    cases.add(bad("after", "after=1&after=2"));
    for (String kind : List.of("owner=a", "path=/a", "type=a")) {
      String many = IntStream.range(0, 51).mapToObj(i -> kind + i).collect(Collectors.joining("&"));
      cases.add(bad(kind.substring(0, kind.indexOf('=')), many));
    }
    for (String name : List.of("owner", "path", "type", "after", "limit", "live")) {
      cases.add(bad(name, name + "=%FF"));
      cases.add(bad(name, name + "=/%C0%AF"));
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("parameters")
  void namesTheParameter(String field, String query) throws IOException {
    Answer answer = RawHttp.get(node.port(), "/v1/events?" + query, "Accept: text/event-stream");
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    JsonNode problem = ResourceTest.problem(answer);
    assertThat(problem.path("field").asText()).isEqualTo(field);
    assertThat(problem.path("detail").asText()).contains(field);
    if (!query.equals("reverse=true")) {
      Answer page = RawHttp.get(node.port(), "/v1/events?" + query, "Accept: application/json");
      assertThat(page.status()).as(page.text()).isEqualTo(400);
    }
  }

  @Test
  void namesTheHeader() throws IOException {
    for (String value : List.of("abc", "-1", "now", "9".repeat(5000), "1-abcd")) {
      Answer answer =
          RawHttp.get(
              node.port(), "/v1/events", "Accept: text/event-stream", "Last-Event-ID: " + value);
      assertThat(answer.status()).as(answer.text()).isEqualTo(400);
      assertThat(ResourceTest.problem(answer).path("field").asText()).isEqualTo("Last-Event-ID");
    }
    Answer page = RawHttp.get(node.port(), "/v1/events?limit=1001", "Accept: application/json");
    assertThat(page.status()).isEqualTo(400);
  }

  static Stream<Arguments> bodies() {
    String open = "{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\",\"data\":";
    return Stream.of(
        body(400, null, ""),
        body(400, null, "x"),
        body(400, null, "null"),
        body(400, null, "[]"),
        body(400, null, "1"),
        body(400, null, "{\"owner\":\"acme\""),
        body(400, null, "{} {}"),
        body(400, "event", "[1]"),
        body(400, "event", "[null]"),
        body(400, "owner", "{}"),
        body(400, "owner", "{\"owner\":1}"),
        body(400, "owner", "{\"owner\":\"a b\",\"path\":\"/a\",\"type\":\"t\"}"),
        body(400, "owner", "{\"owner\":\"a\",\"owner\":\"a\",\"path\":\"/a\",\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"path\":null,\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"path\":\"a\",\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"path\":\"/../a\",\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"path\":\"/\\u0000\",\"type\":\"t\"}"),
        body(400, "path", "{\"owner\":\"a\",\"path\":\"/\\ud800\",\"type\":\"t\"}"),
        body(400, "type", "{\"owner\":\"a\",\"path\":\"/a\"}"),
        body(400, "type", "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"PUT\"}"),
        body(400, "type", "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"DEL\"}"),
        body(400, "type", "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"gapless.x\"}"),
        body(400, "type", "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"a\\nb\"}"),
        body(400, "event", "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"t\",\"id\":1}"),
        body(400, "data", open + "\"\\u0000\"}"),
        body(400, "data", open + "{\"\\u0000\":1}}"),
        body(400, "data", open + "\"\\ud800\"}"),
        body(400, "data", open + "[\"\\udc00\\ud800\"]}"),
        body(400, "data", open + "1e131073}"),
        body(400, "data", open + "-1e-99999999999}"),
        body(400, "data", open + "1e99999999999999999999}"),
        body(400, "data", open + "9".repeat(1001) + "}"),
        body(400, "data", open + "[".repeat(101) + "]".repeat(101) + "}"),
        body(400, "data", open + "[".repeat(5000) + "]".repeat(5000) + "}"),
        body(413, "data", open + "\"" + "a".repeat(256 * 1024) + "\"}"),
        body(413, "data", open + "[" + "1e900,".repeat(2000) + "1]}"),
        body(400, null, open + "NaN}"),
        body(400, null, open + "01}"),
        body(400, null, open + "'a'}"),
        body(400, null, open + "\"\n\"}"));
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void namesTheIndexAndTheField(int status, String field, String body) throws IOException {
    Answer answer = post(body, "Content-Type: application/json");
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    JsonNode problem = ResourceTest.problem(answer);
    if (field != null) {
      assertThat(problem.path("field").asText()).isEqualTo(field);
      assertThat(problem.path("index").asInt(-1)).isEqualTo(0);
      assertThat(problem.path("detail").asText()).contains(field);
    }
    // the third of three, and none of them is published
    if (field != null && body.startsWith("{")) {
      String good = "{\"owner\":\"never-published\",\"path\":\"/a\",\"type\":\"t\"}";
      Answer third =
          post("[" + good + "," + good + "," + body + "]", "Content-Type: application/json");
      assertThat(third.status()).isEqualTo(status);
      assertThat(ResourceTest.problem(third).path("index").asInt(-1)).isEqualTo(2);
    }
    Answer none =
        RawHttp.get(node.port(), "/v1/events?owner=never-published", "Accept: application/json");
    assertThat(none.text()).startsWith("{\"events\":[]");
  }

  @Test
  void acceptsWhatIsJustAllowed() throws IOException {
    String open = "{\"owner\":\"edge\",\"path\":\"/a\",\"type\":\"t\",\"data\":";
    List<String> allowed =
        List.of(
            open + "\"" + "a".repeat(256 * 1024 - 2) + "\"}",
            open + "[".repeat(100) + "]".repeat(100) + "}",
            open + "1e999}",
            open + "-0.1e-5}",
            open + "\"\\ud83d\\ude00\"}",
            open + "null}",
            open + "{\"a\":1,\"a\":2}}",
            "{\"owner\":\"edge\",\"path\":\"/a\",\"type\":\"t\"}");
    for (String body : allowed) {
      Answer answer = post(body, "Content-Type: application/json");
      assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    }
    Answer page = RawHttp.get(node.port(), "/v1/events?owner=edge", "Accept: application/json");
    assertThat(page.text()).contains("\"data\":\"😀\"", "\"data\":null}", "\"data\":{\"a\": 2}");
  }

  @Test
  void holdsTheLimitsOfABody() throws IOException {
    String draft = "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"t\"}";
    String many = "[" + (draft + ",").repeat(1000) + draft + "]";
    assertThat(post(many, "Content-Type: application/json").status()).isEqualTo(413);
    byte[] large = new byte[9 * 1024 * 1024];
    java.util.Arrays.fill(large, (byte) ' ');
    Answer declared =
        RawHttp.send(
            node.port(), "POST /v1/events HTTP/1.1", large, "Content-Type: application/json");
    assertThat(declared.status()).isEqualTo(413);
    ResourceTest.problem(declared);
    byte[] chunk =
        ("100000\r\n" + " ".repeat(0x100000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    java.io.ByteArrayOutputStream chunks = new java.io.ByteArrayOutputStream();
    for (int i = 0; i < 9; i++) {
      chunks.write(chunk);
    }
    chunks.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    Answer chunked =
        RawHttp.send(
            node.port(),
            "POST /v1/events HTTP/1.1",
            chunks.toByteArray(),
            "Content-Type: application/json",
            "Transfer-Encoding: chunked");
    assertThat(chunked.status()).isEqualTo(413);
  }

  @Test
  void endsABodyThatNeverComes() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(
          RawHttp.head(
              "POST /v1/events HTTP/1.1",
              new byte[0],
              "Content-Type: application/json",
              "Content-Length: 100"));
      http.write("{".getBytes(StandardCharsets.US_ASCII));
      Answer answer = http.read(false);
      assertThat(answer.status()).isEqualTo(408);
      ResourceTest.problem(answer);
      assertThat(http.isEnded()).isTrue();
    }
  }

  @Test
  void wantsJson() throws IOException {
    String draft = "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"t\"}";
    assertThat(post(draft).status()).isEqualTo(415);
    assertThat(post(draft, "Content-Type: text/plain").status()).isEqualTo(415);
    assertThat(post(draft, "Content-Type: application/x-www-form-urlencoded").status())
        .isEqualTo(415);
    assertThat(post(draft, "Content-Type: nonsense").status()).isEqualTo(415);
    assertThat(post(draft, "Content-Type: application/json; charset=utf-8").status())
        .isEqualTo(201);
    Answer notUtf8 =
        RawHttp.send(
            node.port(),
            "POST /v1/events HTTP/1.1",
            draft.replace("/a", "/\u00e9").getBytes(StandardCharsets.ISO_8859_1),
            "Content-Type: application/json");
    assertThat(notUtf8.status()).isEqualTo(400);
  }

  @Test
  void namesTheIdempotencyKey() throws IOException {
    String draft = "{\"owner\":\"a\",\"path\":\"/a\",\"type\":\"t\"}";
    for (String key : List.of("", "a".repeat(129))) {
      Answer answer = post(draft, "Content-Type: application/json", "Idempotency-Key: " + key);
      assertThat(answer.status()).as(answer.text()).isEqualTo(400);
      assertThat(ResourceTest.problem(answer).path("field").asText()).isEqualTo("Idempotency-Key");
    }
  }

  @Test
  void knowsTheMethodsOfItsPaths() throws IOException {
    for (String path :
        List.of(
            "/v1/events",
            "/v1/session",
            "/v1/revocations",
            "/v1/status",
            "/health/live",
            "/health/ready")) {
      Answer answer = RawHttp.send(node.port(), "PATCH " + path + " HTTP/1.1", "");
      assertThat(answer.status()).as(path).isEqualTo(405);
      assertThat(answer.header("allow")).isPresent();
      ResourceTest.problem(answer);
    }
    for (String path :
        List.of("/v1", "/v1/", "/v1/events/", "/v1/Events", "/v2/events", "/health")) {
      assertThat(RawHttp.get(node.port(), path).status()).as(path).isEqualTo(404);
    }
  }

  @Test
  void revocationsNameTheHash() throws IOException {
    for (String body : List.of("{}", "[]", "x", "{\"sha256\":\"abc\"}", "{\"sha256\":1}", "")) {
      Answer answer =
          RawHttp.send(
              node.port(), "POST /v1/revocations HTTP/1.1", body, "Content-Type: application/json");
      assertThat(answer.status()).as(body).isEqualTo(400);
      ResourceTest.problem(answer);
    }
  }

  private static Answer post(String body, String... headers) throws IOException {
    return RawHttp.send(node.port(), "POST /v1/events HTTP/1.1", body, headers);
  }

  private static Arguments bad(String field, String query) {
    return Arguments.of(field, query);
  }

  private static Arguments body(int status, String field, String body) {
    return Arguments.of(status, field, body);
  }
}
