package dev.gapless.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.homeserver.HomeserverNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The examples of {@code docs/clients.md}, run as they stand there against a node: each begins at a
 * cursor that cannot be continued, is told so, receives two events, is told that its limit is
 * reached, and ends.
 */
class DocumentedClientsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LOST_CURSOR = "1-zzzzz";

  private static TestDatabase database;
  private static ClientReports reports;
  private static HomeserverNode node;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws SQLException {
    database = TestDatabase.create();
    reports = new ClientReports();
    node =
        HomeserverNode.start(
            database, "gapless.http.cors-origins = [\"%s\"]".formatted(reports.origin()));
    try (var connection = database.dataSource().getConnection();
        var statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO gapless.events (owner, path, type, data) SELECT 'acme', '/orders/' || i,"
              + " 'order.created', jsonb_build_object('total', i) FROM generate_series(1, 3) i");
    }
  }

  @AfterAll
  static void stop() {
    node.close();
    reports.close();
    database.close();
  }

  private static String url() {
    return node.url() + "/v1/events?owner=acme&limit=2";
  }

  @Test
  void curl() throws Exception {
    EventSourceClient.requireInstalled("curl");
    Path script = write("subscribe.sh", DocumentedClients.code("curl"));
    assertConversation(run(List.of("bash", script.toString(), url(), LOST_CURSOR)));
  }

  @Test
  void java() throws Exception {
    Path source = write("Subscriber.java", DocumentedClients.code("java"));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    assertConversation(run(List.of(java, source.toString(), url(), LOST_CURSOR)));
  }

  @Test
  void node() throws Exception {
    EventSourceClient.requireInstalled("npm");
    Path script = NodeScripts.install().resolve("documented.mjs");
    Files.writeString(script, DocumentedClients.code("node"));
    Path cursor = write("cursor", LOST_CURSOR);
    assertConversation(run(List.of("node", script.toString(), url(), cursor.toString())));
    assertThat(Files.readString(cursor)).startsWith("2-");
  }

  @ParameterizedTest
  @EnumSource(
      value = EventSourceClient.class,
      names = {"CHROMIUM", "FIREFOX"})
  void browser(EventSourceClient kind) throws Exception {
    String stream = kind.name();
    reports.openDocumented(
        DocumentedClients.code("browser"), stream, url() + "&lastEventId=" + LOST_CURSOR);
    try (EventSourceClient.Running client = kind.start(reports.url())) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> !reports.reports(stream, "close").isEmpty());
      // one that did not close its EventSource would come back and be served again
      await()
          .during(Duration.ofSeconds(5))
          .atMost(Duration.ofSeconds(30))
          .until(() -> reports.reports(stream, "open").size() == 1);
    }
    List<String> conversation = new ArrayList<>();
    for (String kindOfSignal : List.of("open", "reset", "event", "close")) {
      reports
          .reports(stream, kindOfSignal)
          .forEach(report -> conversation.add(kindOfSignal + " " + report.data()));
    }
    assertConversation(conversation);
  }

  private static void assertConversation(List<String> lines) throws IOException {
    assertThat(lines.stream().map(line -> line.substring(0, line.indexOf(' '))))
        .containsExactly("open", "reset", "event", "event", "close");
    assertThat(json(lines.get(0)).path("cursor").asText()).isNotEmpty();
    assertThat(json(lines.get(1)).path("reason").asText()).isEqualTo("diverged");
    assertThat(json(lines.get(2)).path("data").path("total").asInt()).isEqualTo(1);
    assertThat(json(lines.get(3)).path("path").asText()).isEqualTo("/orders/2");
    assertThat(json(lines.get(4)).path("reason").asText()).isEqualTo("limit");
  }

  private static JsonNode json(String line) throws IOException {
    return JSON.readTree(line.substring(line.indexOf(' ') + 1));
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private List<String> run(List<String> command) throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it ended by itself").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readAllLines(output);
  }
}
