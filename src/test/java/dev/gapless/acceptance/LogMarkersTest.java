package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What only clients may know is in no log, whatever happens: owners, paths, payloads, tokens. All
 * nodes of the acceptance tests are searched when they are closed; here one of them is given every
 * occasion to say too much.
 */
class LogMarkersTest {
  private static final String TOKEN = "token-" + MARKER;
  private static final String SHA256 =
      "5f3d0d4c5dfb17a4c0b5ca5c4d45b0b7e4b5c57d7f4cd1f3f3f3f3f3f3f3f3f3";

  @Test
  void noLogHoldsAnOwnerAPathAPayloadOrAToken() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ServerNode open = ServerNode.start(database, "");
        ServerNode guarded =
            ServerNode.start(
                database,
                "gapless.auth { mode = tokens, tokens = [ { name = t, sha256 = \""
                    + SHA256
                    + "\", scopes = [] } ] }")) {
      TreeSet<Integer> statuses = new TreeSet<>();
      for (ServerNode node : List.of(open, guarded)) {
        for (String target : targets()) {
          for (String method : List.of("GET", "HEAD", "PUT", "DELETE", "POST", "PATCH")) {
            statuses.add(request(node, method + " " + target + " HTTP/1.1"));
          }
        }
        statuses.add(request(node, MARKER + " / HTTP/1.1"));
        statuses.add(request(node, "GET /" + "x".repeat(70_000) + MARKER + " HTTP/1.1"));
      }
      for (String body : bodies()) {
        statuses.add(open.publish(body, "Idempotency-Key", MARKER).statusCode());
      }
      // errors of the database that quote the row they are about
      Oracle oracle = new Oracle(database.dataSource());
      try (EventClient client = EventClient.watch(open, "/v1/events?owner=o-" + MARKER)) {
        oracle.execute(
            "ALTER TABLE gapless.events ADD CONSTRAINT surprise CHECK (type <> 'surprise')");
        statuses.add(open.publish(event("o-" + MARKER, "/" + MARKER, "surprise")).statusCode());
        oracle.execute("ALTER TABLE gapless.files RENAME TO hidden");
        statuses.add(open.putFile("o-" + MARKER + "/pub/" + MARKER, MARKER).statusCode());
        statuses.add(open.get("/v1/files/o-" + MARKER + "/pub/" + MARKER).statusCode());
        oracle.execute("ALTER TABLE gapless.hidden RENAME TO files");
        oracle.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                + " current_database() AND pid <> pg_backend_pid()");
        await()
            .atMost(Duration.ofSeconds(30))
            .until(
                () -> open.publish(event("o-" + MARKER, "/" + MARKER, "last")).statusCode() == 201);
        await().atMost(Duration.ofSeconds(30)).until(() -> client.count() >= 1);
      }
      open.stop();
      guarded.stop();
      assertThat(open.output())
          .as("what failed was logged, without the marker")
          .contains("server started", "publish_failed", "tail_disconnected");
      assertThat(guarded.output()).contains("server started");
      open.assertLogsAreClean();
      guarded.assertLogsAreClean();
      System.out.printf(
          "statuses %s provoked with the marker everywhere: %d and %d lines of log without it%n",
          statuses, open.output().lines().count(), guarded.output().lines().count());
    }
  }

  /** Pekko HTTP logs what was asked for when the answer is late. */
  @Test
  void noLogHoldsWhatIsAnsweredTooLate() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node = ServerNode.start(database, "pekko.http.server.request-timeout = 1 s");
        Connection locking = database.dataSource().getConnection();
        Statement statement = locking.createStatement()) {
      locking.setAutoCommit(false);
      statement.execute("LOCK TABLE gapless.files");
      String file = "/v1/files/o-" + MARKER + "/pub/" + MARKER;
      assertThat(request(node, "GET " + file + " HTTP/1.1")).isEqualTo(503);
      locking.rollback();
      node.stop();
      assertThat(node.output()).contains("answer_too_late");
      node.assertLogsAreClean();
    }
  }

  private static List<String> targets() {
    String owner = "o-" + MARKER;
    String user = "ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1o";
    return List.of(
        "/v1/events?live=false&owner=" + owner,
        "/v1/events?live=false&owner=" + owner + "&after=12-" + MARKER,
        "/v1/events?live=false&limit=" + MARKER,
        "/v1/events?live=false&path=" + MARKER,
        "/v1/events?lastEventId=" + MARKER,
        "/v1/files/" + owner + "/pub/" + MARKER,
        "/v1/files/" + owner + "/pub/%2e%2e/%2e%2e/" + MARKER,
        "/v1/files/" + owner + "/%00" + MARKER,
        "/v1/files/" + owner + "/%ff" + MARKER,
        "/v1/files/" + owner + "/pub/",
        "/v1/owners/" + owner,
        "/v1/session",
        "/v1/revocations",
        "/v1/status?x=" + MARKER,
        "/health/ready?x=" + MARKER,
        "/events/?cursor=" + MARKER,
        "/events-stream?user=" + MARKER,
        "/events-stream?user=" + user + "&path=/pub/" + MARKER,
        "/pub/" + MARKER + "?pubky-host=" + user,
        "/priv/" + MARKER + "?pubky-host=" + MARKER,
        "/" + MARKER);
  }

  private static List<String> bodies() {
    return List.of(
        MARKER,
        "{\"" + MARKER + "\":",
        "[{\"owner\":\"" + MARKER + "\"}]",
        event("../" + MARKER, "/" + MARKER, "x"),
        event("o-" + MARKER, MARKER, "x"),
        event("o-" + MARKER, "/" + MARKER, "gapless." + MARKER),
        event("o-" + MARKER, "/" + MARKER + "\\u0000", "x"),
        event("o-" + MARKER, "/" + MARKER, "x"),
        event("o-" + MARKER, "/" + MARKER, "y"));
  }

  private static String event(String owner, String path, String type) {
    return "{\"owner\":\"%s\",\"path\":\"%s\",\"type\":\"%s\",\"data\":{\"secret\":\"%s\"}}"
        .formatted(owner, path, type, MARKER);
  }

  /** The status, without waiting for the end of a stream. */
  private static int request(ServerNode node, String requestLine) throws IOException {
    byte[] body =
        requestLine.matches("(PUT|POST|PATCH) .*")
            ? MARKER.getBytes(java.nio.charset.StandardCharsets.UTF_8)
            : new byte[0];
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(
          RawHttp.head(
              requestLine,
              body,
              "Authorization: Bearer " + TOKEN,
              "Cookie: gapless=" + TOKEN,
              "Content-Type: application/json",
              "X-Request-Id: " + MARKER,
              "Last-Event-ID: " + (body.length > 0 ? MARKER : "0"),
              "Connection: close"));
      http.write(body);
      return http.readHead().status();
    } catch (IOException e) {
      // the parser may give up before it has read all of a request that is too long
      return 0;
    }
  }
}
