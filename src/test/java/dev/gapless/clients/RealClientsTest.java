package dev.gapless.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.clients.ClientReports.Report;
import dev.gapless.clients.ClientReports.Stream;
import dev.gapless.event.Cursor;
import dev.gapless.homeserver.HomeserverNode;
import dev.gapless.homeserver.TestUsers;
import dev.gapless.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The {@code EventSource} of two browsers and of npm through a restart of the node, while their
 * filter is quiet and others write 10,000 events.
 */
class RealClientsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int OTHERS = 10_000;

  private final String user = TestUsers.random();

  @ParameterizedTest(name = "{0}")
  @EnumSource(EventSourceClient.class)
  void aQuietCursorMovesOnAndSurvivesARestart(EventSourceClient kind) throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ClientReports reports = new ClientReports();
        RecordingProxy proxy = new RecordingProxy()) {
      String settings =
          """
          gapless.hub.heartbeat = 500 ms
          gapless.http.retry = 300 ms
          """;
      HomeserverNode first = HomeserverNode.start(database, settings);
      try {
        proxy.servePages(ClientReports.FOLDER, reports.port());
        proxy.forwardTo(first.url().getPort());
        putFile(first.url());
        reports.open(
            List.of(
                new Stream("native", url(proxy, "/v1/events?owner=quiet"), List.of("note")),
                new Stream(
                    "homeserver",
                    url(proxy, "/events-stream?live=true&path=/pub/quiet/&user=" + user),
                    List.of("PUT"))));
        try (EventSourceClient.Running client = start(kind, proxy, reports)) {
          await().atMost(PATIENCE).until(() -> isOpen(reports, 1));
          insert(database, "quiet", "/q", "note", 1);
          insert(database, user, "/pub/quiet/1", "PUT", 1);
          await().atMost(PATIENCE).until(() -> hasSeen(reports, 1));

          long others = insert(database, "busy", "/b", "note", OTHERS);
          await().atMost(PATIENCE).until(() -> wasSent(proxy, others));

          proxy.refuse();
          first.close();
          long whileDown = insert(database, "quiet", "/q", "note", 1);
          insert(database, user, "/pub/quiet/2", "PUT", 1);
          try (HomeserverNode second = HomeserverNode.start(database, settings)) {
            proxy.forwardTo(second.url().getPort());
            await().atMost(PATIENCE).until(() -> hasSeen(reports, 2));
            assertMovedOn(proxy, "/v1/events", others, whileDown);
            assertMovedOn(proxy, "/events-stream", others, whileDown);

            insert(database, "quiet", "/q", "note", 1);
            insert(database, user, "/pub/quiet/3", "PUT", 1);
            await().atMost(PATIENCE).until(() -> hasSeen(reports, 3));
            assertExactlyOnce(reports);
          }
        }
      } finally {
        first.close();
      }
    }
  }

  // a page has to come from the origin of its streams: Firefox gives up for good when one of
  // another
  // origin cannot be reached
  private static EventSourceClient.Running start(
      EventSourceClient kind, RecordingProxy proxy, ClientReports reports) {
    return kind.start(
        kind == EventSourceClient.NODE ? reports.url() : url(proxy, ClientReports.FOLDER));
  }

  private static boolean isOpen(ClientReports reports, int times) {
    return reports.reports("native", "open").size() >= times
        && reports.reports("homeserver", "open").size() >= times;
  }

  private static boolean hasSeen(ClientReports reports, int events) {
    return reports.reports("native", "note").size() >= events
        && reports.reports("homeserver", "PUT").size() >= events;
  }

  /** Both streams were given an id at or behind the position. */
  private static boolean wasSent(RecordingProxy proxy, long position) {
    return position(proxy.lastIdSent("/v1/events")) >= position
        && position(proxy.lastIdSent("/events-stream")) >= position;
  }

  private static long position(Optional<String> id) {
    return id.flatMap(Cursor::parse).map(Cursor::position).orElse(-1L);
  }

  private static void assertMovedOn(
      RecordingProxy proxy, String target, long others, long whileDown) {
    List<RecordingProxy.Request> requests = proxy.requests(target);
    assertThat(requests.get(0).lastEventId()).isEmpty();
    RecordingProxy.Request back = requests.get(requests.size() - 1);
    assertThat(back.lastEventId().flatMap(Cursor::parse).map(Cursor::isBare)).hasValue(false);
    assertThat(position(back.lastEventId())).isGreaterThanOrEqualTo(others).isLessThan(whileDown);
  }

  private static void assertExactlyOnce(ClientReports reports) {
    List<String> ids = reports.reports("native", "note").stream().map(Report::id).toList();
    assertThat(ids).hasSize(3).doesNotHaveDuplicates();
    List<String> files = reports.reports("homeserver", "PUT").stream().map(Report::data).toList();
    assertThat(files).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(files.get(i)).contains("/pub/quiet/" + (i + 1) + "\n");
    }
    for (String stream : List.of("native", "homeserver")) {
      for (String kind : List.of("gapless.reset", "message", "dead")) {
        assertThat(reports.reports(stream, kind)).as(kind).isEmpty();
      }
    }
  }

  private static String url(RecordingProxy proxy, String target) {
    return "http://127.0.0.1:" + proxy.port() + target;
  }

  /** A first file registers the user. */
  private void putFile(URI node) throws Exception {
    HttpResponse<Void> put =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(node.resolve("/pub/registered"))
                    .header("pubky-host", user)
                    .PUT(HttpRequest.BodyPublishers.ofString("x"))
                    .build(),
                HttpResponse.BodyHandlers.discarding());
    assertThat(put.statusCode()).isEqualTo(201);
  }

  /** Returns the position of the last. */
  private static long insert(
      TestDatabase database, String owner, String path, String type, int count)
      throws SQLException {
    String sql =
        "WITH new AS (INSERT INTO gapless.events (owner, path, type)"
            + " SELECT ?, ?, ? FROM generate_series(1, ?) RETURNING id) SELECT max(id) FROM new";
    try (Connection connection = database.dataSource().getConnection();
        PreparedStatement insert = connection.prepareStatement(sql)) {
      insert.setString(1, owner);
      insert.setString(2, path);
      insert.setString(3, type);
      insert.setInt(4, count);
      try (var row = insert.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }
}
