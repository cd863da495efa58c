package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whatever the order of the commits, every face of every node tells the same history. */
@ExtendWith(TwoNodes.class)
class CommitOrderOnTwoNodesTest {
  private static final String FOLDER = "path=" + Load.orders();

  @Test
  void streamsAndPagesEqualTheCommittedRowsUnderSixteenWriters(Pair nodes) throws Exception {
    compare(nodes, 16, Duration.ofSeconds(3));
  }

  @Test
  void streamsAndPagesEqualTheCommittedRowsUnderSixtyFourWriters(Pair nodes) throws Exception {
    compare(nodes, 64, Duration.ofSeconds(3));
  }

  @Test
  @Tag("long")
  void sixteenWritersForHalfAMinute(Pair nodes) throws Exception {
    compare(nodes, 16, Duration.ofSeconds(30));
  }

  @Test
  @Tag("long")
  void sixtyFourWritersForHalfAMinute(Pair nodes) throws Exception {
    compare(nodes, 64, Duration.ofSeconds(30));
  }

  private static void compare(Pair nodes, int writers, Duration duration) throws Exception {
    Oracle oracle = nodes.oracle;
    long before = oracle.last();
    String owner = Load.owner(1);
    String start = startCursor(nodes.a);
    List<EventClient> all = new ArrayList<>();
    List<EventClient> one = new ArrayList<>();
    List<EventClient> folder = new ArrayList<>();
    try {
      for (ServerNode node : List.of(nodes.a, nodes.b)) {
        String after = "after=" + start;
        all.add(EventClient.watch(node, "/v1/events?" + after));
        one.add(EventClient.watch(node, "/v1/events?owner=" + owner + "&" + after));
        folder.add(EventClient.watch(node, "/v1/events?" + FOLDER + "&" + after));
      }
      NaiveReader naive = NaiveReader.start(nodes.database.dataSource(), before);
      try (Load load = Load.start(nodes.database.dataSource(), writers, 3)) {
        load.runFor(duration);
      }
      List<Long> naivelySeen = naive.stop();
      String since = "id > " + before;
      String ofOwner = since + " AND owner = '" + owner + "'";
      String ofFolder = since + " AND starts_with(path, '" + Load.orders() + "')";
      List<Long> expected = oracle.committed(since);
      for (ServerNode node : List.of(nodes.a, nodes.b)) {
        // first: a page that begins after the last commit must have all of it
        Oracle.assertSame(Oracle.pages(node, "", start), expected);
        Oracle.assertSame(
            Oracle.pages(node, "owner=" + owner + "&", start), oracle.committed(ofOwner));
        Oracle.assertSame(Oracle.pages(node, FOLDER + "&", start), oracle.committed(ofFolder));
      }
      all.forEach(client -> oracle.assertReceived(client, expected));
      one.forEach(client -> oracle.assertReceived(client, oracle.committed(ofOwner)));
      folder.forEach(client -> oracle.assertReceived(client, oracle.committed(ofFolder)));
      int lost = expected.size() - naivelySeen.size();
      System.out.printf(
          "%d writers for %d s: %,d events, on both nodes equal in 3 streams and 3 sets of pages;"
              + " a naive reader lost %,d of them (%.1f %%)%n",
          writers, duration.toSeconds(), expected.size(), lost, 100.0 * lost / expected.size());
      assertThat(lost).as("without a race this proves nothing").isPositive();
    } finally {
      for (List<EventClient> clients : List.of(all, one, folder)) {
        clients.forEach(EventClient::close);
      }
    }
  }

  /** Where the log ends now. */
  private static String startCursor(ServerNode node) {
    return ServerNode.json(node.get("/v1/events?reverse=true&limit=1"))
        .get("events")
        .path(0)
        .path("cursor")
        .asText("0");
  }
}
