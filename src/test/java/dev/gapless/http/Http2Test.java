package dev.gapless.http;

import static org.apache.pekko.http.javadsl.server.Directives.pathPrefix;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On HTTP/2 there is no raw request target: what Pekko lost on the way is told by what is left. */
class Http2Test {
  private static HttpTestServer server;
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();

  @BeforeAll
  static void start() {
    Resource files =
        Resource.create(Cors.of(List.of()))
            .on(
                HttpMethods.GET,
                (request, target) -> {
                  RequestTarget.OwnerPath place = target.ownerAndRest();
                  return CompletableFuture.completedFuture(
                      org.apache.pekko.http.javadsl.model.HttpResponse.create()
                          .withEntity(place.owner() + " " + place.path()));
                });
    server = HttpTestServer.startHttp2(pathPrefix("files", files::route));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/files/acme/a/b.txt | 200 | acme /a/b.txt",
        "/files/acme/a%2520b | 200 | acme /a%20b",
        "/files/acme/%E2%82%AC/ | 200 | acme /€/",
        "/files/acme/x/%2e%2e/y | 200 | acme /y",
        "/files/acme | 200 | acme /",
        "/files/acme/ | 200 | acme /",
        "/files/acme/%ff | 400 | UTF-8",
        "/files/acme/%ed%a0%80 | 400 | UTF-8",
        "/files/acme/a%2Fb | 400 | slash",
        "/files/acme/a%00b | 400 | NUL",
        "/files/acme/a%01b | 400 | control",
      })
  void readsWhatIsLeftOfTheTarget(String target, int status, String expected)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + target))
                // who writes the header of the raw target by hand is not believed
                .header("Raw-Request-URI", "/files/evil/x")
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.body()).contains(expected);
  }
}
