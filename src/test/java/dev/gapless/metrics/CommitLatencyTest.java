package dev.gapless.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a PostgreSQL that keeps the times of commits, latency is told from the commit as well. */
class CommitLatencyTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String SINCE_INSERT = "gapless_insert_to_subscriber_seconds_";
  private static final String SINCE_COMMIT = "gapless_commit_to_subscriber_seconds_";

  private static TestDatabase database;
  private static ServerNode node;
  private static EventClient client;

  @BeforeAll
  static void start() {
    database = TestDatabase.ownCluster(Map.of("track_commit_timestamp", "on"));
    node = ServerNode.start(database, "");
    client = EventClient.watch(node, "/v1/events");
    await()
        .atMost(PATIENCE)
        .until(() -> Scrape.of(node).value("gapless_subscribers", "state", "live") == 1);
  }

  @AfterAll
  static void stop() {
    client.close();
    node.close();
    database.close();
  }

  @Test
  void aWriterThatCommitsLateIsNotTheDeliverysFault() throws SQLException {
    Figures figures = parked(() -> {});
    // both end at the same moment: whatever this machine does, they differ by the writer's pause
    assertThat(figures.sinceInsert - figures.sinceCommit).isGreaterThan(1);
    assertThat(figures.writes).isEqualTo(1);
  }

  @Test
  void anEventThatWasHeldBackIsOldFromItsCommitOn() throws SQLException {
    Figures figures =
        parked(() -> node.publish("{\"owner\":\"acme\",\"path\":\"/behind\",\"type\":\"note\"}"));
    assertThat(figures.sinceCommit).isGreaterThan(1);
    assertThat(figures.sinceInsert).isGreaterThanOrEqualTo(figures.sinceCommit);
  }

  private record Figures(double sinceInsert, double sinceCommit, double writes) {}

  private interface Meanwhile {
    void happens();
  }

  /** One transaction that stays open for more than a second after its insert. */
  private static Figures parked(Meanwhile meanwhile) throws SQLException {
    Scrape before = Scrape.of(node);
    long received = client.count();
    try (Connection parked = database.dataSource().getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute("SELECT gapless.publish('acme', '/parked', 'note')");
      meanwhile.happens();
      String from = text(statement, "SELECT clock_timestamp()::text");
      String late =
          "SELECT (clock_timestamp() > '" + from + "'::timestamptz + interval '1.2 s')::text";
      await().atMost(PATIENCE).until(() -> text(statement, late).equals("true"));
      assertThat(client.count()).isEqualTo(received);
      parked.commit();
    }
    await().atMost(PATIENCE).until(() -> client.count() > received);
    Scrape now = Scrape.of(node);
    Figures figures =
        new Figures(
            grown(before, now, SINCE_INSERT + "sum"),
            grown(before, now, SINCE_COMMIT + "sum"),
            grown(before, now, SINCE_COMMIT + "count"));
    System.out.printf(
        "open for 1.2 s and more after the insert: %.3f s from insert to subscriber, %.3f s from"
            + " commit, %.0f writes%n",
        figures.sinceInsert, figures.sinceCommit, figures.writes);
    return figures;
  }

  private static String text(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static double grown(Scrape before, Scrape now, String name) {
    return now.value(name) - before.value(name);
  }
}
