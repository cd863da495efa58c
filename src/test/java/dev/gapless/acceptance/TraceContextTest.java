package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The trace context that came with a write comes with its event, whichever way both go. */
class TraceContextTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USER = "8um71us3fyw6h8wbcxb5ar3rwusy1a6u49956ikzojg3gcwd1dty";
  private static final String[] TRACES = {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    "00-11111111111111111111111111111111-2222222222222222-03",
    "00-33333333333333333333333333333333-4444444444444444-01",
    "00-55555555555555555555555555555555-6666666666666666-01",
    "00-77777777777777777777777777777777-8888888888888888-01",
    "00-99999999999999999999999999999999-aaaaaaaaaaaaaaaa-01"
  };
  private static final String NONE = "";

  private static TestDatabase database;
  private static ServerNode node;

  @BeforeAll
  static void start() {
    database = TestLogs.create();
    // from before the node: no subscriber finds it in memory
    insert("acme", TRACES[0]);
    node = ServerNode.start(database, "gapless.http.cors-origins = [\"https://shop.example\"]");
  }

  @AfterAll
  static void stop() {
    node.stop();
    node.close();
    database.close();
  }

  @Test
  void everyWriteHandsItToEveryRead() throws IOException {
    String query = "/v1/events?owner=acme&owner=" + USER;
    List<String> expected = new ArrayList<>(List.of(TRACES[0]));
    List<Frame> live = new ArrayList<>();
    try (SseClient client = SseClient.open(node.port(), query)) {
      client.await("gapless.live");
      post("[" + draft("") + "," + draft(TRACES[1]) + "]", trace(TRACES[2]));
      expected.addAll(List.of(TRACES[2], TRACES[1]));
      post(draft(""));
      post(draft(""), trace("00-nonsense"));
      post(draft(""), trace(TRACES[1]), trace(TRACES[2]));
      expected.addAll(List.of(NONE, NONE, NONE));
      post(draft(TRACES[1]));
      expected.add(TRACES[1]);

      send(201, "PUT /v1/files/acme/f HTTP/1.1", "one", trace(TRACES[3]));
      send(200, "PUT /v1/files/acme/f HTTP/1.1", "two", trace("x"));
      send(204, "DELETE /v1/files/acme/f HTTP/1.1", "", trace(TRACES[4]));
      expected.addAll(List.of(TRACES[3], NONE, TRACES[4]));
      send(201, "PUT /pub/f HTTP/1.1", "one", trace(TRACES[5]), "pubky-host: " + USER);
      send(204, "DELETE /pub/f HTTP/1.1", "", trace(TRACES[6]), "pubky-host: " + USER);
      expected.addAll(List.of(TRACES[5], TRACES[6]));
      insert("acme", TRACES[0]);
      expected.add(TRACES[0]);
      for (int i = 1; i < expected.size(); i++) {
        live.add(client.nextEvent());
      }
    }
    assertThat(traces(live)).as("live").isEqualTo(expected.subList(1, expected.size()));

    String afterFirst = "&after=" + live.get(0).id() + "&live=false";
    assertThat(traces(stream(query + afterFirst)))
        .as("from memory")
        .isEqualTo(expected.subList(2, expected.size()));
    assertThat(traces(stream(query + "&after=earliest&live=false")))
        .as("from the log")
        .isEqualTo(expected);
    assertThat(page(query)).as("page").isEqualTo(expected);
    assertThat(page(query + "&path=/&type=t&type=PUT&type=DEL"))
        .as("filtered page")
        .isEqualTo(expected);
    assertThat(page("/v1/events?type=t&type=PUT&type=DEL&path=/f&path=/pub/"))
        .as("page of all owners, filtered")
        .isEqualTo(expected.subList(7, 12));
    List<String> reversed = new ArrayList<>(expected);
    Collections.reverse(reversed);
    assertThat(page(query + "&reverse=true")).as("reverse page").isEqualTo(reversed);
    assertThat(traces(stream(query + "&reverse=true&live=false")))
        .as("reverse stream")
        .isEqualTo(reversed);

    String homeserver = node.get("/events-stream?user=" + USER).body();
    assertThat(homeserver).contains("data: pubky://" + USER + "/pub/f\ndata: cursor: ");
    assertThat(homeserver).doesNotContain("trace", TRACES[5]);
  }

  @Test
  void aDraftThatNamesNoneIsRefused() throws IOException {
    for (String bad : List.of("\"00-1-2-01\"", "\"\"", "null", "7")) {
      String spoilt = draft("").replace("}", ",\"traceparent\":" + bad + "}");
      Answer answer =
          RawHttp.send(
              node.port(),
              "POST /v1/events HTTP/1.1",
              "[" + draft("") + "," + spoilt + "]",
              json());
      assertThat(answer.status()).isEqualTo(400);
      JsonNode problem = JSON.readTree(answer.body());
      assertThat(problem.path("index").asInt()).isEqualTo(1);
      assertThat(problem.path("field").asText()).isEqualTo("traceparent");
    }
    String twice = draft(TRACES[0]).replace("}", ",\"traceparent\":\"" + TRACES[0] + "\"}");
    assertThat(RawHttp.send(node.port(), "POST /v1/events HTTP/1.1", twice, json()).text())
        .contains("given more than once");
  }

  /** A client that repeats a request does so in another span. */
  @Test
  void aRepeatMayComeFromAnotherSpan() throws IOException {
    String draft = "{\"owner\":\"repeat\",\"path\":\"/a\",\"type\":\"t\"}";
    String key = "Idempotency-Key: traced";
    Answer first = post(draft, key, trace(TRACES[0]));
    assertThat(post(draft, key, trace(TRACES[1])).text()).isEqualTo(first.text());
    assertThat(post(draft, key).text()).isEqualTo(first.text());
    assertThat(page("/v1/events?owner=repeat")).containsExactly(TRACES[0]);
    String other = draft.replace("}", ",\"traceparent\":\"" + TRACES[0] + "\"}");
    assertThat(RawHttp.send(node.port(), "POST /v1/events HTTP/1.1", other, json(), key).status())
        .isEqualTo(422);
  }

  @Test
  void pagesOfOtherOriginsMaySendIt() throws IOException {
    for (String target : List.of("/v1/events", "/v1/files/acme/f", "/pub/f")) {
      Answer answer =
          RawHttp.send(
              node.port(),
              "OPTIONS " + target + " HTTP/1.1",
              "",
              "Origin: https://shop.example",
              "Access-Control-Request-Method: PUT",
              "Access-Control-Request-Headers: traceparent");
      assertThat(answer.header("access-control-allow-headers").orElse("").split(", "))
          .as(target)
          .contains("Traceparent");
    }
  }

  private static void insert(String owner, String traceparent) {
    database.execute(
        "BEGIN; SET LOCAL gapless.traceparent = '"
            + traceparent
            + "'; INSERT INTO gapless.events (owner, path, type) VALUES ('"
            + owner
            + "', '/sql', 't'); COMMIT");
  }

  private static String draft(String traceparent) {
    return "{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\""
        + (traceparent.isEmpty() ? "" : ",\"traceparent\":\"" + traceparent + "\"")
        + "}";
  }

  private static String trace(String value) {
    return "traceparent: " + value;
  }

  private static String json() {
    return "Content-Type: application/json";
  }

  private static Answer post(String body, String... headers) throws IOException {
    List<String> all = new ArrayList<>(List.of(headers));
    all.add(json());
    return send(201, "POST /v1/events HTTP/1.1", body, all.toArray(String[]::new));
  }

  private static Answer send(int status, String requestLine, String body, String... headers)
      throws IOException {
    Answer answer = RawHttp.send(node.port(), requestLine, body, headers);
    assertThat(answer.status()).as(requestLine + " " + answer.text()).isEqualTo(status);
    return answer;
  }

  private static List<Frame> stream(String target) throws IOException {
    try (SseClient client = SseClient.open(node.port(), target)) {
      return client.rest().stream().filter(frame -> !frame.event().startsWith("gapless.")).toList();
    }
  }

  private static List<String> page(String target) throws IOException {
    List<String> traces = new ArrayList<>();
    JSON.readTree(node.get(target).body())
        .path("events")
        .forEach(event -> traces.add(trace(event)));
    return traces;
  }

  private static List<String> traces(List<Frame> frames) throws IOException {
    List<String> traces = new ArrayList<>();
    for (Frame frame : frames) {
      traces.add(trace(JSON.readTree(frame.data())));
    }
    return traces;
  }

  private static String trace(JsonNode event) {
    assertThat(event.path("owner").asText()).isNotEmpty();
    return event.has("traceparent") ? event.path("traceparent").asText() : NONE;
  }
}
