package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cases 21 to 30 of the conformance suite: what is refused, and how. */
@ExtendWith(SharedNode.class)
class StreamValidationConformanceTest {
  private final HomeserverClient client;
  private final String user = TestUsers.random();

  StreamValidationConformanceTest(HomeserverClient client) {
    this.client = client;
    client.write(user, "/pub/test.txt");
  }

  private void assertRefused(String query, int status, String body) {
    HttpResponse<String> response = client.refusedStream(query);
    assertThat(response.body()).isEqualTo(body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/plain; charset=UTF-8");
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-store");
  }

  @Test
  @DisplayName("21: no user")
  void case21() {
    assertRefused("", 400, "user parameter is required");
  }

  @Test
  @DisplayName("22: 51 users")
  void case22() {
    String users =
        IntStream.range(0, 51)
            .mapToObj(i -> "user=" + TestUsers.random())
            .collect(Collectors.joining("&"));
    assertRefused(users, 400, "Too many users. Maximum allowed: 50");
  }

  @Test
  @DisplayName("23: a bad key")
  void case23() {
    assertRefused("user=not-a-key", 400, "Invalid public key: not-a-key");
    assertRefused("user=pubky" + user, 400, "Invalid public key: pubky" + user);
  }

  @Test
  @DisplayName("24: an unregistered key")
  void case24() {
    assertRefused("user=" + TestUsers.random(), 404, "Not Found");
  }

  @Test
  @DisplayName("25: a registered and an unregistered key")
  void case25() {
    assertRefused("user=" + user + "&user=" + TestUsers.random(), 404, "Not Found");
  }

  @Test
  @DisplayName("26: a registered and a malformed key")
  void case26() {
    assertRefused("user=" + user + "&user=xyz", 400, "Invalid public key: xyz");
  }

  @Test
  @DisplayName("27: two malformed keys")
  void case27() {
    assertRefused("user=abc&user=xyz", 400, "Invalid public key: abc");
  }

  @Test
  @DisplayName("28: live and reverse")
  void case28() {
    assertRefused(
        "live=true&reverse=true&user=" + user, 400, "Cannot use live mode with reverse ordering");
  }

  @ParameterizedTest(name = "29: cursor \"{0}\" is refused")
  @ValueSource(strings = {"abc123xyz", "-100", "", "9223372036854775808"})
  void case29(String cursor) {
    assertRefused("user=" + user + ":" + cursor, 400, "Invalid cursor: " + cursor);
  }

  @Test
  @DisplayName("29: a position not yet reached is accepted: a batch ends, live waits")
  void case29NotYetReached() {
    SseReader batch = client.stream("user=" + user + ":999999999").awaitEnd();
    assertThat(batch.events()).isEmpty();
    assertThat(batch.frames()).noneMatch(frame -> frame.event().equals("gapless.reset"));

    String other = TestUsers.random();
    client.write(other, "/pub/before");
    String users = "user=" + user + ":999999999&user=" + other;
    try (SseReader live = client.stream("live=true&" + users)) {
      live.awaitControl("gapless.live");
      client.write(user, "/pub/not-yet");
      client.write(other, "/pub/now");
      live.awaitEvents(2);
      assertThat(live.summaries()).containsExactly("PUT /pub/before", "PUT /pub/now");
      assertThat(live.frames()).noneMatch(frame -> frame.event().equals("gapless.reset"));
    }
    SseReader limited = client.stream("limit=1&" + users).awaitEnd();
    assertThat(limited.summaries()).containsExactly("PUT /pub/before");
    assertThat(client.stream("reverse=1&user=" + user + ":999999999").awaitEnd().summaries())
        .containsExactly("PUT /pub/not-yet", "PUT /pub/test.txt");
  }

  @Test
  @DisplayName("29: cursor 0 is the beginning")
  void case29Beginning() {
    assertThat(client.stream("user=" + user + ":0").awaitEnd().summaries())
        .containsExactly("PUT /pub/test.txt");
  }

  @Test
  @DisplayName("30: a path without its slash, and an empty path")
  void case30() {
    client.write(user, "/pub/other.txt");
    assertThat(client.stream("path=pub/test.txt&user=" + user).awaitEnd().summaries())
        .containsExactly("PUT /pub/test.txt");
    assertThat(client.stream("path=&user=" + user).awaitEnd().summaries())
        .containsExactly("PUT /pub/test.txt", "PUT /pub/other.txt");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "00"})
  void refusesALimitOfZero(String limit) {
    assertRefused("user=" + user + "&limit=" + limit, 400, "limit must be at least 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "65536", "-1"})
  void refusesOtherLimits(String limit) {
    assertRefused("user=" + user + "&limit=" + limit, 400, "Invalid limit: " + limit);
  }

  @ParameterizedTest
  @ValueSource(strings = {"%ff", "%00", "%0d%0a", "/pub/../../x"})
  void refusesBadPaths(String path) {
    HttpResponse<String> response = client.refusedStream("user=" + user + "&path=" + path);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).containsIgnoringCase("path");
  }

  @Test
  void answersOtherMethodsAndPreflights() {
    HttpResponse<String> post =
        client.send(
            client
                .request("/events-stream?user=" + user)
                .POST(HttpRequest.BodyPublishers.noBody()));
    assertThat(post.statusCode()).isEqualTo(405);
    assertThat(post.headers().firstValue("Allow").orElse("")).contains("GET");

    HttpResponse<String> preflight =
        client.send(
            client
                .request("/events-stream?user=" + user)
                .header("Origin", "https://app.example.org")
                .header("Access-Control-Request-Method", "GET")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
    assertThat(preflight.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
    assertThat(preflight.headers().firstValue("Access-Control-Allow-Credentials")).isEmpty();
  }

  @Test
  void answersHeadWithoutAStream() {
    HttpResponse<String> head =
        client.send(
            client
                .request("/events-stream?live=true&user=" + user)
                .timeout(Duration.ofSeconds(5))
                .method("HEAD", HttpRequest.BodyPublishers.noBody()));
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValue("Content-Type")).hasValue("text/event-stream");
  }
}
