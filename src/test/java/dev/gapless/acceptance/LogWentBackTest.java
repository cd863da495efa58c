package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The log goes back in time under a live node and hands the same positions out again. Whoever's
 * last event is still the same goes on; everybody else is told, and nobody is given the new history
 * as if it were the old one.
 */
class LogWentBackTest {
  private static final String KEEPS = "keeps-" + MARKER;
  private static final String LOSES = "loses-" + MARKER;

  private TestDatabase database;
  private Oracle oracle;
  private TcpProxy proxy;
  private ServerNode node;

  @BeforeEach
  void start() {
    // only what is written as durable reaches the disk
    database = TestDatabase.ownCluster(Map.of("wal_writer_delay", "10000ms"));
    oracle = new Oracle(database.dataSource());
    proxy = TcpProxy.to(database.port());
    node =
        ServerNode.start(
            database.jdbcUrl().replace(":" + database.port(), ":" + proxy.port()),
            "gapless.tail.mark-interval = 1 h");
  }

  @AfterEach
  void stop() {
    node.close();
    proxy.close();
    database.close();
  }

  @Test
  void asynchronousCommitsLostInACrash() {
    goBack(
        () -> {},
        "SET synchronous_commit = off; SET gapless.allow_async = on;",
        () -> {
          database.kill9();
          database.start();
        });
  }

  @Test
  void aSnapshotOfTheDataDirectoryPutBack() {
    Path snapshot = TestFolders.create("snapshot").resolve("data");
    goBack(
        () -> {
          database.stop(StopMode.FAST);
          copy(database.dataDirectory(), snapshot);
          database.start();
        },
        "",
        () -> {
          database.stop(StopMode.IMMEDIATE);
          copy(snapshot, database.dataDirectory());
          database.start();
        });
  }

  @Test
  void aTableTruncatedAndBegunAnew() {
    insert("", KEEPS, 5);
    insert("", LOSES, 40);
    try (Clients clients = new Clients()) {
      awaitAll(clients);
      List<String> old = cursors("");
      oracle.execute(
          "SET session_replication_role = replica; TRUNCATE gapless.events RESTART IDENTITY;"
              + " SET session_replication_role = origin;"
              + " INSERT INTO gapless.events (owner, path, type)"
              + " SELECT CASE n %% 2 WHEN 0 THEN '%s' ELSE '%s' END, '/', 'x'"
                  .formatted(KEEPS, LOSES)
              + " FROM generate_series(1, 60) AS n");
      assertThat(oracle.committed("true")).as("the same positions").startsWith(1L, 2L, 3L);
      // nothing survives, so nobody may go on
      for (EventClient client : clients.live()) {
        assertDiverged(client);
      }
      assertOldCursorIsRefused(old.get(old.size() - 1));
      assertNewHistory(clients);
    }
    System.out.println("truncated and begun anew: every subscriber was reset, diverged");
  }

  private void goBack(Runnable snapshot, String asynchronously, Runnable goBack) {
    insert("", KEEPS, 5);
    insert("", LOSES, 10);
    insert("", KEEPS, 5);
    try (Clients clients = new Clients()) {
      awaitAll(clients);
      snapshot.run();
      awaitReady();
      long durable = oracle.last();
      String survives = lastCursor();
      // more than the sequence keeps ahead in its own write-ahead log
      insert(asynchronously, LOSES, 80);
      awaitAll(clients);
      long lost = oracle.last();
      String gone = lastCursor();

      // the node comes back when the positions have been handed out again: before, a cursor above
      // the sequence is "ahead"
      proxy.accepting(false);
      proxy.reset();
      goBack.run();
      assertThat(oracle.last()).as("the log went back").isEqualTo(durable);
      insert("", KEEPS, 60);
      insert("", LOSES, 60);
      assertThat(oracle.committed("id > " + durable + " AND id <= " + lost))
          .as("other rows at the same positions")
          .isNotEmpty();
      proxy.accepting(true);
      awaitReady();

      assertDiverged(clients.all);
      assertDiverged(clients.loses);
      assertThat(ServerNode.json(node.get("/v1/events?after=" + survives)).get("events"))
          .as("a cursor whose event survived")
          .hasSize(100);
      assertOldCursorIsRefused(gone);
      assertNewHistory(clients);
      assertThat(clients.keeps.resets()).as("its last event survived").isEmpty();
      System.out.printf(
          "the log went back from %d to %d: who had an event that was lost was reset, diverged; who"
              + " had not went on with %d events%n",
          lost, durable, clients.keeps.count());
    }
  }

  /** A stream for each kind of subscriber. */
  private final class Clients implements AutoCloseable {
    final EventClient all = watch("");
    final EventClient keeps = watch("owner=" + KEEPS + "&");
    final EventClient loses = watch("owner=" + LOSES + "&");

    private EventClient watch(String filter) {
      return EventClient.watch(node, "/v1/events?" + filter + "after=earliest");
    }

    List<EventClient> live() {
      return List.of(all, keeps, loses);
    }

    @Override
    public void close() {
      live().forEach(EventClient::close);
    }
  }

  private void awaitAll(Clients clients) {
    Oracle.awaitCount(clients.all, oracle.committed("true").size());
    Oracle.awaitCount(clients.keeps, oracle.committed("owner = '" + KEEPS + "'").size());
    Oracle.awaitCount(clients.loses, oracle.committed("owner = '" + LOSES + "'").size());
  }

  private void awaitReady() {
    await().atMost(Duration.ofSeconds(30)).until(node::isReady);
  }

  private static void assertDiverged(EventClient client) {
    await("reset").atMost(Duration.ofSeconds(30)).until(() -> !client.resets().isEmpty());
    assertThat(client.resets())
        .allSatisfy(reset -> assertThat(reset.data()).contains("\"reason\":\"diverged\""));
  }

  /** As cursors, which tell two events at one position apart. */
  private void assertNewHistory(Clients clients) {
    insert("", KEEPS, 1);
    insert("", LOSES, 1);
    assertHas(clients.all, cursors(""));
    assertHas(clients.keeps, cursors("owner=" + KEEPS + "&"));
    assertHas(clients.loses, cursors("owner=" + LOSES + "&"));
  }

  private static void assertHas(EventClient client, List<String> expected) {
    await("the new history")
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(
                        client.receivedSinceReset().stream()
                            .map(EventClient.Received::cursor)
                            .toList())
                    .isEqualTo(expected));
  }

  private void assertOldCursorIsRefused(String cursor) {
    HttpResponse<String> page = node.get("/v1/events?after=" + cursor);
    assertThat(page.statusCode()).as(page.body()).isEqualTo(410);
    assertThat(ServerNode.json(page).get("reason").asText()).isEqualTo("diverged");
    try (EventClient late = EventClient.watch(node, "/v1/events?after=" + cursor)) {
      assertDiverged(late);
    }
  }

  private String lastCursor() {
    List<String> all = cursors("");
    return all.get(all.size() - 1);
  }

  private List<String> cursors(String query) {
    List<String> cursors = new ArrayList<>();
    JsonNode page = ServerNode.json(node.get("/v1/events?" + query + "limit=1000&after=0"));
    page.get("events").forEach(event -> cursors.add(event.get("cursor").asText()));
    assertThat(page.get("more").asBoolean()).isFalse();
    return cursors;
  }

  /** Each in a transaction of its own. */
  private void insert(String settings, String owner, int count) {
    StringBuilder sql = new StringBuilder(settings);
    for (int i = 0; i < count; i++) {
      sql.append(
          "BEGIN; INSERT INTO gapless.events (owner, path, type) VALUES ('%s', '/%s', 'x'); COMMIT;"
              .formatted(owner, MARKER));
    }
    oracle.execute(sql.toString());
  }

  /** With owners and times, as a backup is put back. */
  private static void copy(Path from, Path to) {
    try {
      TestFolders.delete(to);
      Process copy = new ProcessBuilder("cp", "-a", from.toString(), to.toString()).start();
      assertThat(copy.waitFor()).isZero();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
