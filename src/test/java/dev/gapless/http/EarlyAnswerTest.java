package dev.gapless.http;

import static org.apache.pekko.http.javadsl.server.Directives.path;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.gapless.testkit.RawHttp;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** An answer waits for the end of a body that nobody reads: Pekko logs the target otherwise. */
class EarlyAnswerTest {
  @Test
  void comesAfterTheBody() throws Exception {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(logged);
    Resource resource =
        Resource.create(Cors.of(List.of()))
            .on(
                HttpMethods.POST,
                (request, target) ->
                    CompletableFuture.completedFuture(HttpResponse.create().withStatus(204)));
    try (HttpTestServer server = HttpTestServer.start(path("x", resource::route));
        RawHttp http = RawHttp.connect(server.port())) {
      http.write(RawHttp.head("POST /x HTTP/1.1", new byte[0], "Transfer-Encoding: chunked"));
      http.write("7\r\nMARKER7\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(http.read(false).status()).isEqualTo(204);
      // the connection goes on
      http.write(RawHttp.head("POST /x HTTP/1.1", new byte[0]));
      assertThat(http.read(false).status()).isEqualTo(204);
    } finally {
      root.detachAppender(logged);
    }
    assertThat(logged.list).noneMatch(event -> event.getFormattedMessage().contains("early"));
  }
}
