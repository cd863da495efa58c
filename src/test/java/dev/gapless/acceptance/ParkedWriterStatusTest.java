package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** A writer that keeps its transaction open holds back what comes after it, and is named. */
@ExtendWith(TwoNodes.class)
class ParkedWriterStatusTest {

  @Test
  void isNamedByEveryNodeAndNothingIsSkipped(Pair nodes) throws Exception {
    park(nodes, Duration.ofSeconds(4));
  }

  @Test
  @Tag("long")
  void isNamedByEveryNodeForTwentySeconds(Pair nodes) throws Exception {
    park(nodes, Duration.ofSeconds(20));
  }

  private static void park(Pair nodes, Duration duration) throws Exception {
    long before = nodes.oracle.last();
    // the first request of its kind loads classes
    assertThat(names(nodes.a.status(), 0) || names(nodes.b.status(), 0)).isFalse();
    PGSimpleDataSource source = nodes.database.dataSource();
    source.setApplicationName("parked writer");
    try (EventClient onA = EventClient.watch(nodes.a, "/v1/events");
        EventClient onB = EventClient.watch(nodes.b, "/v1/events");
        Connection parked = source.getConnection();
        Statement statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute(
          "SELECT gapless.publish('%s', '/%s', 'parked')".formatted(Load.owner(0), MARKER));
      int pid = parked.unwrap(org.postgresql.PGConnection.class).getBackendPID();
      long begun = System.nanoTime();
      long reads;
      double seconds;
      try (Load load = Load.start(nodes.database.dataSource(), 4, 4)) {
        await("somebody waits").until(() -> nodes.oracle.last() > before);
        await("both nodes name the blocker")
            .atMost(Duration.ofSeconds(2))
            .until(() -> names(nodes.a.status(), pid) && names(nodes.b.status(), pid));
        long named = System.nanoTime();
        long readsBefore = reads(nodes.a);
        await().atMost(duration.plusSeconds(30)).until(() -> since(begun).compareTo(duration) > 0);
        assertThat(since(begun)).isGreaterThan(duration);
        reads = reads(nodes.a) - readsBefore;
        seconds = (System.nanoTime() - named) / 1e9;
        JsonNode tail = nodes.a.status().get("tail");
        assertThat(names(nodes.a.status(), pid)).isTrue();
        assertThat(tail.get("blockedSince").asText()).isNotEmpty();
        assertThat(onA.count()).as("nothing overtakes it").isZero();
        assertThat(onB.count()).isZero();
        load.runFor(Duration.ZERO);
      }
      long committedAt = System.nanoTime();
      parked.commit();
      List<Long> expected = nodes.oracle.committed("id > " + before);
      nodes.oracle.assertReceived(onA, expected);
      nodes.oracle.assertReceived(onB, expected);
      System.out.printf(
          "a writer parked for %.1f s held back %,d events, named by both nodes, at %.1f reads a"
              + " second; it arrived %d ms after its commit, the last one after %d ms%n",
          (committedAt - begun) / 1e9,
          expected.size(),
          reads / seconds,
          (onA.received().get(0).nanos() - committedAt) / 1_000_000,
          (onA.received().get(expected.size() - 1).nanos() - committedAt) / 1_000_000);
      assertThat(onA.received().get(0).nanos() - committedAt)
          .isLessThan(Duration.ofSeconds(5).toNanos());
      assertThat(reads / seconds).isLessThanOrEqualTo(30);
    }
  }

  private static boolean names(JsonNode status, int pid) {
    for (JsonNode blocker : status.get("tail").get("blockers")) {
      if (blocker.get("pid").asInt() == pid) {
        return blocker.get("name").asText().equals("parked writer");
      }
    }
    return false;
  }

  private static long reads(ServerNode node) {
    JsonNode statements = node.status().get("tail").get("statements");
    return statements.get("rows").asLong() + statements.get("locks").asLong();
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }
}
