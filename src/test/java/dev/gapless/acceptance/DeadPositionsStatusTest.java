package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.JavaHeap;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Positions that no event will ever have cost next to nothing, and forged ones are reported. */
@ExtendWith(TwoNodes.class)
class DeadPositionsStatusTest {
  private static final int MOST_STATEMENTS = 20;
  private static final long MOST_HEAP = 16L << 20;

  @Test
  void aRollbackOfAHundredThousandRowsIsPassedAtOnce(Pair nodes) throws Exception {
    try (Connection connection = nodes.database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute(
          "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/%s', 'x'".formatted(MARKER)
              + " FROM generate_series(1, 100000)");
      connection.rollback();
    }
    passes(nodes, "a rollback of 100,000 rows");
  }

  @Test
  void aJumpByThirtyMillionIsPassedAtOnce(Pair nodes) {
    nodes.oracle.execute(
        "SELECT setval(s, nextval(s) + 30000000)"
            + " FROM pg_get_serial_sequence('gapless.events', 'id') AS s");
    passes(nodes, "a jump by 30,000,000");
  }

  private static void passes(Pair nodes, String what) {
    try (EventClient onA = EventClient.watch(nodes.a, "/v1/events");
        EventClient onB = EventClient.watch(nodes.b, "/v1/events")) {
      statements(nodes.a);
      long heap = JavaHeap.used(nodes.a.process().process());
      long statements = statements(nodes.a);
      long begun = System.nanoTime();
      publish(nodes);
      Oracle.awaitCount(onA, 1);
      Oracle.awaitCount(onB, 1);
      long millis = (onA.received().get(0).nanos() - begun) / 1_000_000;
      long more = statements(nodes.a) - statements;
      long grown = JavaHeap.used(nodes.a.process().process()) - heap;
      System.out.printf(
          "%s: passed to %,d in %d ms with %d statements, %.1f MB allocated%n",
          what, onA.positions().get(0), millis, more, grown / 1e6);
      assertThat(millis).isLessThan(1_000);
      assertThat(more).isLessThanOrEqualTo(MOST_STATEMENTS);
      assertThat(grown).isLessThan(MOST_HEAP);
    }
  }

  @Test
  void aRowForcedAboveTheSequenceHoldsTheHeadAndIsReported(Pair nodes) {
    long before = nodes.oracle.last();
    long handedOut =
        nodes
            .oracle
            .numbers("SELECT nextval(pg_get_serial_sequence('gapless.events', 'id'))")
            .get(0);
    long forced = handedOut + 5;
    try (EventClient client = EventClient.watch(nodes.b, "/v1/events")) {
      nodes.oracle.execute(
          "INSERT INTO gapless.events (id, owner, path, type) OVERRIDING SYSTEM VALUE"
              + " VALUES (%d, 'o', '/%s', 'x')".formatted(forced, MARKER));
      publish(nodes);
      await("reported")
          .atMost(Duration.ofSeconds(5))
          .until(() -> tail(nodes.a).get("forcedPosition").asLong() == forced);
      String head = tail(nodes.a).get("head").asText();
      assertThat(Long.parseLong(head.substring(0, head.indexOf('-')))).isLessThan(forced);
      assertThat(client.positions()).doesNotContain(forced);
      // the sequence comes by, and skips the position that is taken
      nodes.oracle.execute(
          "SELECT setval(pg_get_serial_sequence('gapless.events', 'id'), " + forced + ")");
      publish(nodes);
      List<Long> expected = nodes.oracle.committed("id > " + before);
      nodes.oracle.assertReceived(client, expected);
      assertThat(expected).hasSize(3).contains(forced);
      await().until(() -> tail(nodes.a).get("forcedPosition").asLong() == 0);
      System.out.printf("a row forced to %,d: held, reported, delivered in its turn%n", forced);
    }
  }

  private static void publish(Pair nodes) {
    nodes.oracle.execute("SELECT gapless.publish('o', '/" + MARKER + "', 'x')");
  }

  private static JsonNode tail(ServerNode node) {
    return node.status().get("tail");
  }

  private static long statements(ServerNode node) {
    JsonNode statements = tail(node).get("statements");
    return statements.get("rows").asLong()
        + statements.get("locks").asLong()
        + statements.get("others").asLong();
  }
}
