package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.SelfSigned;
import dev.gapless.testkit.ServerProcess;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;

/** The same behind TLS, where a handshake comes first and HTTP/2 shares one connection. */
class RequestDeadlinesOverTlsTest {
  private static final Duration LONG = Duration.ofSeconds(3);
  // the first bytes of a ClientHello of 512
  private static final byte[] HALF_A_HANDSHAKE = {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3};

  @Test
  void endsHalfHandshakesAndHalfHeadsAndNothingElse() throws Exception {
    Path directory = TestFolders.create("tls");
    SSLContext trust = SelfSigned.in(directory).trusting();
    Files.createDirectories(directory.resolve("conf"));
    Files.writeString(
        directory.resolve("conf/application.conf"),
        """
        gapless.server {
          tls { certificate = server.crt, private-key = server.key }
          request-head-timeout = 1 s
          keep-alive-timeout = 1 s
        }
        gapless.hub.heartbeat = 300 ms
        """);
    try (TestDatabase database = TestDatabase.create();
        ServerProcess server =
            ServerProcess.start(directory, Map.of("GAPLESS_DATABASE_URL", database.jdbcUrl()))) {
      URI uri = URI.create(server.url());
      HttpClient client = HttpClient.newBuilder().sslContext(trust).build();
      try (Socket handshake = new Socket("127.0.0.1", uri.getPort());
          Socket head = trust.getSocketFactory().createSocket("127.0.0.1", uri.getPort());
          InputStream stream = open(client, uri)) {
        handshake.getOutputStream().write(HALF_A_HANDSHAKE);
        head.getOutputStream().write("GET / HT".getBytes(StandardCharsets.US_ASCII));
        assertThat(rest(handshake)).isEmpty();
        // without the end that TLS wants the server must not answer what it has got
        assertThat(rest(head)).isEmpty();

        long end = System.nanoTime() + LONG.toNanos();
        await().atMost(LONG.plusSeconds(30)).until(() -> System.nanoTime() > end);
        stream.skipNBytes(stream.available());
        assertThat(stream.read()).as("the stream goes on").isPositive();
        HttpResponse<String> second =
            client.send(
                HttpRequest.newBuilder(uri.resolve("/health/live")).build(),
                BodyHandlers.ofString());
        assertThat(second.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(second.statusCode()).isEqualTo(200);
      }
      assertThat(server.output()).doesNotContain("Exception", " WARN ", " ERROR ");
    } finally {
      TestFolders.delete(directory);
    }
  }

  private static InputStream open(HttpClient client, URI uri)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> stream =
        client.send(
            HttpRequest.newBuilder(uri.resolve("/v1/events")).build(),
            BodyHandlers.ofInputStream());
    assertThat(stream.version()).isEqualTo(HttpClient.Version.HTTP_2);
    return stream.body();
  }

  private static String rest(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
  }
}
