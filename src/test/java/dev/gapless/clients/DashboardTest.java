package dev.gapless.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.Backends;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.StreamSwarm;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The dashboard in a browser, with a node to which things happen. With {@code
 * -Dgapless.docs.write=on} it makes the pictures of docs/operations.md.
 */
class DashboardTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path PICTURES = Path.of("docs/images");
  private static final String EVENT =
      "{\"owner\":\"acme-" + ServerNode.MARKER + "\",\"path\":\"/a\",\"type\":\"note\"}";

  private TestDatabase database;
  private ServerNode node;
  private ChromiumPage page;

  @BeforeAll
  static void require() {
    EventSourceClient.requireInstalled("chromium");
  }

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    node = ServerNode.start(database, "");
    page = ChromiumPage.open();
    page.size(1200, 900, false);
  }

  @AfterEach
  void stop() {
    page.close();
    node.close();
    database.close();
  }

  private void open() {
    page.goTo(node.url() + "/dashboard");
    awaitText(".pill", "ready");
  }

  private String text(String selector) {
    return page.evaluate(
            "[...document.querySelectorAll('" + selector + "')].map(e => e.textContent).join('|')")
        .asText();
  }

  private void awaitText(String selector, String wanted) {
    await(selector + " shows " + wanted)
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(text(selector)).contains(wanted));
  }

  private void picture(String name) throws IOException {
    if (System.getProperty("gapless.docs.write") != null) {
      Files.createDirectories(PICTURES);
      Files.write(PICTURES.resolve("dashboard-" + name + ".png"), page.screenshot());
    }
  }

  @Test
  void showsAHealthyNode() throws Exception {
    try (EventClient client = EventClient.watch(node, "/v1/events")) {
      open();
      for (int i = 0; i < 200; i++) {
        node.publish(EVENT);
      }
      await().atMost(PATIENCE).until(() -> client.count() == 200);
      awaitText(".parts tr", "listenerlistening");
      awaitText(".parts tr", "tailfollowing");
      awaitText(".parts tr", "hubdelivering");
      awaitText(".figures", "head200-");
      awaitText(".figures", "live1");
      awaitText(".alerts", "");
      await("events were drawn")
          .atMost(PATIENCE)
          .until(
              () ->
                  page.evaluate("document.querySelectorAll('svg path[d^=M]').length").asInt() >= 7);
      assertThat(text(".name")).isEqualTo(node.name());
      assertThat(page.evaluate("document.body.dataset.state").asText()).isEqualTo("open");
      // nothing of what users store or publish
      assertThat(page.evaluate("document.body.outerHTML").asText())
          .doesNotContain(ServerNode.MARKER);
      picture("healthy");
      page.dark(true);
      page.size(390, 844, true);
      await("nothing sticks out of a phone")
          .atMost(PATIENCE)
          .until(
              () ->
                  page.evaluate("document.documentElement.scrollWidth <= innerWidth").asBoolean());
      picture("phone");
    }
  }

  @Test
  void showsAListenerThatWasKilled() throws Exception {
    open();
    Backends.of(new Oracle(database.dataSource()), node).terminateListener();
    awaitText(".parts tr:first-child td:nth-child(3)", "1");
    awaitText(".parts tr:first-child td:nth-child(4)", "ago: ");
    picture("listener-killed");
    awaitText(".parts tr", "listenerlistening");
  }

  @Test
  void namesWhoHoldsBackTheLog() throws Exception {
    open();
    PGSimpleDataSource billing = database.dataSource();
    billing.setApplicationName("billing");
    try (EventClient client = EventClient.watch(node, "/v1/events");
        Connection parked = billing.getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute("SELECT gapless.publish('acme', '/parked', 'note')");
      int pid = parked.unwrap(org.postgresql.PGConnection.class).getBackendPID();
      for (int i = 0; i < 12; i++) {
        node.publish(EVENT);
      }
      awaitText(".alerts", "writer " + pid + " (billing) holds back 13 positions for ");
      awaitText(".parts tr", "tailblocked");
      picture("blocked");
      parked.commit();
      await().atMost(PATIENCE).until(() -> client.count() == 13);
    }
    await("the alert is gone").atMost(PATIENCE).until(() -> text(".alerts li").isEmpty());
  }

  @Test
  @SuppressWarnings("try")
  void showsWhoReadsSlowly() throws Exception {
    try (Connection writer = database.dataSource().getConnection();
        Statement statement = writer.createStatement()) {
      // more than a connection takes without its client
      statement.execute(
          "INSERT INTO gapless.events (owner, path, type, data) SELECT 'acme', '/a', 'note',"
              + " to_jsonb(repeat('x', 20000)) FROM generate_series(1, 1500)");
    }
    open();
    InetSocketAddress server = new InetSocketAddress("127.0.0.1", node.port());
    try (StreamSwarm stuck = StreamSwarm.notReading(server, "/v1/events?after=0", 1)) {
      awaitText(".figures", "catching up1");
      awaitText(".slowest td:nth-child(2)", "catching up");
      await("what it has to go does not get less")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(text(".slowest td:nth-child(3)")).matches("[1-9][0-9,]* positions"));
      awaitText(".figures", "log size");
      picture("slow");
    }
    await("it is gone").atMost(PATIENCE).until(() -> text(".slowest").isEmpty());
    await("the log was measured")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(text(".figures")).containsPattern("log size[0-9.,]+ [KM]iB"));
  }

  @Test
  @SuppressWarnings("try")
  void tellsWhenTooManyLookAtTheNode() {
    InetSocketAddress server = new InetSocketAddress("127.0.0.1", node.port());
    try (StreamSwarm viewers = StreamSwarm.reading(server, "/dashboard/events", 100)) {
      page.goTo(node.url() + "/dashboard");
      awaitText("#state-text", "as many as can be are looking at this node");
    }
    awaitText(".pill", "ready");
    awaitText("#state-text", "live");
  }

  @Test
  void drainsTheNode() throws Exception {
    open();
    try (EventClient client = EventClient.watch(node, "/v1/events")) {
      awaitText(".figures", "live1");
      page.evaluate("window.confirm = () => true; document.querySelector('.drain').click()");
      awaitText(".pill", "draining");
      awaitText(".alerts", "drained: it takes no new streams");
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  client.controls("gapless.close").stream()
                      .anyMatch(close -> close.data().contains("drain")));
      assertThat(node.get("/health/ready").statusCode()).isEqualTo(503);
      awaitText(".figures", "live0");
      picture("draining");
    }
  }

  @Test
  void showsAndDrainsAllNodesOfACluster() throws Exception {
    String config = "gapless.cluster { enabled = on, heartbeat = 500 ms }";
    try (TestDatabase own = TestDatabase.create();
        ServerNode one = ServerNode.start(own, config);
        ServerNode two = ServerNode.start(own, config);
        ServerNode three = ServerNode.start(own, config)) {
      page.goTo(one.url() + "/dashboard");
      for (ServerNode each : List.of(one, two, three)) {
        awaitText(".name", each.name());
      }
      awaitText(".pill", "ready|ready|ready");
      page.size(1200, 1900, false);
      picture("cluster");
      assertThat(one.get("/v1/nodes/nobody").statusCode()).isEqualTo(404);
      JsonNode all = ServerNode.json(one.get("/v1/nodes")).get("nodes");
      assertThat(all.findValuesAsText("node"))
          .startsWith(one.name())
          .containsExactlyInAnyOrder(one.name(), two.name(), three.name());
      page.evaluate(
          "window.confirm = () => true; [...document.querySelectorAll('.node')].find(n =>"
              + " n.dataset.node === '"
              + three.name()
              + "').querySelector('.drain').click()");
      awaitText(".pill", "draining");
      assertThat(text(".pill")).contains("ready|ready");
      await().atMost(PATIENCE).until(() -> three.get("/health/ready").statusCode() == 503);
      assertThat(one.get("/health/ready").statusCode()).isEqualTo(200);
      JsonNode drained = ServerNode.json(one.get("/v1/nodes/" + three.name()));
      assertThat(drained.at("/flags/draining").asBoolean()).isTrue();
    }
  }

  @Test
  void asksForAToken() {
    // the SHA-256 of "operator"
    try (TestDatabase own = TestDatabase.create();
        ServerNode guarded =
            ServerNode.start(
                own,
                """
                gapless.auth { mode = tokens, tokens = [ { name = "o", operate = true, sha256 =
                "06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23" } ] }
                """)) {
      page.goTo(guarded.url() + "/dashboard");
      await("the form is shown")
          .atMost(PATIENCE)
          .until(() -> !page.evaluate("document.getElementById('session').hidden").asBoolean());
      assertThat(text(".node")).isEmpty();
      assertThat(guarded.get("/v1/nodes").statusCode()).isEqualTo(401);
      assertThat(guarded.get("/v1/nodes/" + guarded.name()).statusCode()).isEqualTo(401);
      signIn("guess");
      awaitText("#session-problem", "not accepted");
      signIn("operator");
      awaitText(".pill", "ready");
      // the session's cookie lasts; the token is asked for again only to change something
      page.goTo(guarded.url() + "/dashboard");
      awaitText(".pill", "ready");
    }
  }

  private void signIn(String token) {
    page.evaluate(
        "document.getElementById('token').value = '"
            + token
            + "'; document.querySelector('#session button').click()");
  }
}
