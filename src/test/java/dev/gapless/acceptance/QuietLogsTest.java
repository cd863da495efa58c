package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Whatever is sent, no log of the server shows any of it: closing the node fails if its logs hold
 * the marker.
 */
class QuietLogsTest {
  private static final List<String> REQUESTS =
      List.of(
          "GET /v1/events?owner=" + MARKER + "%00 HTTP/1.1",
          "GET /v1/events?" + MARKER + "=%zz HTTP/1.1",
          "GET /" + MARKER + " HTTP/1.1",
          "GET /" + MARKER + "%zz HTTP/1.1",
          "GET /v1/files/" + MARKER + "/%2e%2e/%ff HTTP/1.1",
          "GET /v1/files/" + MARKER + "/" + "a".repeat(70_000) + " HTTP/1.1",
          "DELETE /v1/files/" + MARKER + "/x HTTP/1.1",
          "PATCH /v1/" + MARKER + " HTTP/1.1",
          MARKER + " / HTTP/1.1",
          "GET /" + MARKER + "\u0001 HTTP/1.1",
          "GET /" + MARKER + " HTTP/9.9",
          "GET http://" + MARKER + ":port/ HTTP/1.1",
          "POST /v1/session?" + MARKER + " HTTP/1.1",
          "DELETE /v1/session?" + MARKER + " HTTP/1.1",
          "GET /health/live?" + MARKER + " HTTP/1.1");

  private static final List<String> HEADERS =
      List.of(
          "Accept: " + MARKER,
          "Authorization: Bearer " + MARKER,
          "Authorization: Basic " + MARKER,
          "Cookie: gapless=" + MARKER,
          "Cookie: " + MARKER,
          "Last-Event-ID: " + MARKER,
          "Host: " + MARKER,
          "Host: " + MARKER + ":x",
          "Origin: " + MARKER,
          "X-Forwarded-For: " + MARKER,
          "Content-Type: " + MARKER,
          "Idempotency-Key: " + MARKER + "\u00e9",
          MARKER + ": x",
          MARKER + " : x",
          "X-Long: " + MARKER.repeat(2_000),
          "Content-Length: " + MARKER,
          "Expect: " + MARKER);

  @Test
  void showNothingOfWhatWasSent() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node = ServerNode.start(database, "")) {
      for (String request : REQUESTS) {
        exchange(node, request, "");
        exchange(node, request, "", "Transfer-Encoding: chunked", "Connection: close");
      }
      for (String header : HEADERS) {
        exchange(node, "GET /v1/events?live=false HTTP/1.1", "", header);
        exchange(node, "POST /v1/events HTTP/1.1", MARKER, header);
      }
      exchange(node, "POST /v1/events HTTP/1.1", draft("\"" + MARKER + "\\u0000\""), json());
      exchange(node, "POST /v1/events HTTP/1.1", draft(MARKER), json());
      exchange(node, "POST /v1/events HTTP/1.1", draft("1"), json());
      try (SseClient client = SseClient.open(node.port(), "/v1/events?owner=" + MARKER)) {
        client.await("gapless.live");
        // the database goes in the middle of it all
        database.close();
        exchange(node, "POST /v1/events HTTP/1.1", draft("1"), json());
        exchange(
            node, "GET /v1/events?owner=" + MARKER + " HTTP/1.1", "", "Accept: application/json");
        exchange(node, "GET /v1/files/" + MARKER + "/x HTTP/1.1", "");
        exchange(node, "PUT /v1/files/" + MARKER + "/x HTTP/1.1", MARKER);
      }
      node.stop();
    }
  }

  /** Chunks where the headers say so, with an end that comes late. */
  private static void exchange(ServerNode node, String requestLine, String body, String... headers)
      throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      http.write(RawHttp.head(requestLine, bytes, headers));
      http.write(bytes);
      if (List.of(headers).contains("Transfer-Encoding: chunked")) {
        http.write(("7\r\n" + MARKER + "\r\n").getBytes(StandardCharsets.US_ASCII));
        http.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(http.readHead().status()).as(requestLine).isNotEqualTo(500);
    } catch (IOException ended) {
      // a server may end a connection that does not speak HTTP
      assertThat(ended).hasMessageMatching("(?s).*(ended|reset|pipe|aborted).*");
    }
  }

  private static String draft(String data) {
    return "{\"owner\":\""
        + MARKER
        + "\",\"path\":\"/"
        + MARKER
        + "\",\"type\":\""
        + MARKER
        + "\",\"data\":"
        + data
        + "}";
  }

  private static String json() {
    return "Content-Type: application/json";
  }
}
