package dev.gapless.http;

import static org.apache.pekko.http.javadsl.server.Directives.concat;
import static org.apache.pekko.http.javadsl.server.Directives.path;
import static org.apache.pekko.http.javadsl.server.Directives.pathPrefix;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Route;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResourceTest {
  private static HttpTestServer server;

  @BeforeAll
  static void start() {
    Resource files =
        Resource.create(Cors.of(List.of("https://app.example.org")))
            .on(
                HttpMethods.GET,
                (request, target) -> {
                  RequestTarget.OwnerPath place = target.ownerAndRest();
                  return CompletableFuture.completedFuture(
                      HttpResponse.create().withEntity(place.owner() + " " + place.path()));
                });
    Resource broken =
        Resource.create(Cors.of(List.of()))
            .on(
                HttpMethods.GET,
                (request, target) -> {
                  throw new IllegalStateException("secret-marker");
                });
    Route route =
        pathPrefix(
            "mount",
            () -> concat(pathPrefix("files", files::route), path("broken", broken::route)));
    server = HttpTestServer.start(route);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/mount/files/acme/a/b.txt | 200 | acme /a/b.txt",
        "/mount/files/acme | 200 | acme /",
        "/mount/files/acme/ | 200 | acme /",
        "/mount/files/acme/a%20b | 200 | acme /a b",
        "/mount/files/acme/a%2520b | 200 | acme /a%20b",
        "/mount/files/acme/a+b | 200 | acme /a+b",
        "/mount/files/acme/%E2%82%AC/ | 200 | acme /€/",
        "/mount/files/acme/x/../y | 200 | acme /y",
        "/mount/files/acme/x/%2e%2e/y | 200 | acme /y",
        "/mount/files/acme/x//y/./z | 200 | acme /x/y/z",
        "http://localhost/mount/files/acme/x | 200 | acme /x",
        "/mount/files/acme/../other/x | 400 | path",
        "/mount/files/acme/%2e%2e/other/x | 400 | path",
        "/mount/files/acme/x/../../other/x | 400 | path",
        "/mount/files/acme/%2E./other | 400 | path",
        "/mount/files/../files/acme/x | 400 | owner",
        "/zzz/../mount/files/acme/x | 400 | path",
        "/mount/files/acme/a%2Fb | 400 | path",
        "/mount/files/acme%2Fb/x | 400 | path",
        "/mount/files/acme/a%00b | 400 | path",
        "/mount/files/acme/a%01b | 400 | path",
        "/mount/files/acme/%ff | 400 | path",
        "/mount/files/acme/%c0%af | 400 | path",
        "/mount/files/acme/%ed%a0%80 | 400 | path",
        "/mount/files/ac%20me/x | 400 | owner",
        "/mount/files/ | 400 | owner",
        "/mount/files | 400 | owner",
      })
  void decodesTheTargetOnce(String target, int status, String expected) throws IOException {
    Answer answer = RawHttp.get(server.port(), target);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    if (status == 200) {
      assertThat(answer.text()).isEqualTo(expected);
    } else {
      assertThat(problem(answer).path("field").asText()).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"/mount/files/acme/a%zz", "/mount/files/acme/%", "/mount/files/acme/a%2"})
  void refusesBrokenEscapes(String target) throws IOException {
    Answer answer = RawHttp.get(server.port(), target);
    assertThat(answer.status()).isEqualTo(400);
    problem(answer);
  }

  @Test
  void doesNotBelieveARawTargetThatTheClientWrites() throws IOException {
    Answer answer =
        RawHttp.get(server.port(), "/mount/files/acme/x", "Raw-Request-URI: /mount/files/evil/y");
    assertThat(answer.text()).isEqualTo("acme /x");
  }

  @Test
  void namesTheMethodsOfAPath() throws IOException {
    Answer answer = RawHttp.send(server.port(), "PATCH /mount/files/acme/a HTTP/1.1", "");
    assertThat(answer.status()).isEqualTo(405);
    assertThat(answer.header("allow")).contains("GET, OPTIONS");
    problem(answer);
  }

  @Test
  void answersWhatItDoesNotKnowWithAProblem() throws IOException {
    Answer answer = RawHttp.get(server.port(), "/nowhere?x=secret-marker");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(problem(answer).toString()).doesNotContain("secret-marker");
  }

  @Test
  void saysNothingOfAnInternalError() throws IOException {
    Answer answer = RawHttp.get(server.port(), "/mount/broken");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(problem(answer).toString()).doesNotContain("secret-marker");
    assertThat(answer.header("x-request-id")).contains(problem(answer).path("requestId").asText());
  }

  @Test
  void holdsTheLimitsOfTheHead() throws IOException {
    int port = server.port();
    Answer uri = RawHttp.get(port, "/mount/files/acme/" + "a".repeat(70_000));
    assertThat(uri.status()).isEqualTo(414);
    problem(uri);
    Answer header = RawHttp.get(port, "/mount/files/acme/a", "X-Long: " + "a".repeat(9_000));
    assertThat(header.status()).isEqualTo(431);
    problem(header);
    Answer fits = RawHttp.get(port, "/mount/files/acme/a?q=" + "a".repeat(60_000));
    assertThat(fits.status()).isEqualTo(200);
  }

  @Test
  void endsTheConnectionOfAMalformedRequest() throws IOException {
    try (RawHttp http = RawHttp.connect(server.port())) {
      http.write("GET / NOT-HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(http.read(false).status()).isEqualTo(400);
      assertThat(http.isEnded()).isTrue();
    }
  }

  @Test
  void letsPagesOfListedOriginsIn() throws IOException {
    String target = "/mount/files/acme/a";
    Answer listed = RawHttp.get(server.port(), target, "Origin: https://app.example.org");
    assertThat(listed.header("access-control-allow-origin")).contains("https://app.example.org");
    assertThat(listed.header("access-control-allow-credentials")).contains("true");
    Answer foreign = RawHttp.get(server.port(), target, "Origin: https://evil.example.org");
    assertThat(foreign.header("access-control-allow-origin")).isEmpty();
    Answer preflight =
        RawHttp.send(
            server.port(),
            "OPTIONS " + target + " HTTP/1.1",
            "",
            "Origin: https://app.example.org",
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: authorization");
    assertThat(preflight.status()).isEqualTo(204);
    assertThat(preflight.header("access-control-allow-methods")).contains("GET, OPTIONS");
    assertThat(preflight.header("access-control-allow-headers").orElse(""))
        .contains("Authorization", "Last-Event-ID", "Idempotency-Key");
  }

  static JsonNode problem(Answer answer) throws IOException {
    assertThat(answer.header("content-type")).contains("application/problem+json");
    JsonNode document = new ObjectMapper().readTree(answer.body());
    assertThat(document.path("status").asInt()).isEqualTo(answer.status());
    assertThat(document.path("requestId").asText()).isNotEmpty();
    assertThat(document.path("detail").asText()).isNotEmpty();
    return document;
  }
}
