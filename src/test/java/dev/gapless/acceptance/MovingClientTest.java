package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Nodes share nothing but the database, and a client cannot tell them apart. */
@ExtendWith(TwoNodes.class)
class MovingClientTest {
  private static final int MOVES = 200;

  @Test
  void aClientThatMovesBetweenTwoNodesUnderLoadGetsEachEventOnce(Pair nodes) throws Exception {
    long before = nodes.oracle.last();
    Random random = new Random(2);
    try (EventClient onA = EventClient.watch(nodes.a, "/v1/events");
        EventClient onB = EventClient.watch(nodes.b, "/v1/events");
        EventClient moving = EventClient.watch(nodes.a, "/v1/events");
        EventClient movingOwner =
            EventClient.watchByteByByte(nodes.b, "/v1/events?owner=" + Load.owner(2))) {
      try (Load load = Load.start(nodes.database.dataSource(), 4, 2)) {
        for (int move = 1; move <= MOVES; move++) {
          int connects = moving.connects();
          int count = moving.count();
          ServerNode to = move % 2 == 1 ? nodes.b : nodes.a;
          moving.moveTo(to);
          movingOwner.moveTo(move % 2 == 1 ? nodes.a : nodes.b);
          if (move % 4 == 0) {
            publishOn(to, move);
          }
          // now and then it leaves before anything has arrived
          int wanted = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(20);
          await()
              .atMost(Duration.ofSeconds(30))
              .pollInterval(Duration.ofMillis(2))
              .until(() -> moving.connects() > connects && moving.count() >= count + wanted);
        }
      }
      List<Long> expected = nodes.oracle.committed("id > " + before);
      for (EventClient client : List.of(onA, onB, moving)) {
        nodes.oracle.assertReceived(client, expected);
      }
      List<Long> ofOwner =
          nodes.oracle.committed("id > " + before + " AND owner = '" + Load.owner(2) + "'");
      nodes.oracle.assertReceived(movingOwner, ofOwner);
      System.out.printf(
          "%d moves between two nodes, %d connections: %,d events, and %,d of one owner byte by"
              + " byte, each once and in order, no reset%n",
          MOVES, moving.connects(), expected.size(), ofOwner.size());
      assertThat(moving.connects()).isGreaterThan(MOVES);
      assertThat(moving.refusals()).isEmpty();
      assertThat(onA.connects()).as("a stream that nobody disturbs stays open").isEqualTo(1);
    }
  }

  private static void publishOn(ServerNode node, int move) {
    HttpResponse<String> answer =
        node.publish(
            """
            {"owner":"%s","path":"%s%d","type":"order.placed","data":"%s"}"""
                .formatted(Load.owner(2), Load.orders(), move, MARKER));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  @Test
  void aFileWrittenOnOneNodeIsReadFromTheOtherAsSoonAsItsEventArrives(Pair nodes) throws Exception {
    String owner = "files-" + MARKER;
    List<Long> delays = new ArrayList<>();
    try (EventClient onB = EventClient.watchWithData(nodes.b, "/v1/events?owner=" + owner)) {
      for (int i = 0; i < 50; i++) {
        String contents = MARKER + " version " + i;
        String path = "/pub/" + MARKER + "-" + i % 7 + ".txt";
        HttpResponse<String> put = nodes.a.putFile(owner + path, contents);
        long acknowledged = System.nanoTime();
        assertThat(put.statusCode()).as(put.body()).isIn(200, 201);
        int number = i;
        await()
            .atMost(Duration.ofSeconds(10))
            .pollInterval(Duration.ofMillis(1))
            .until(() -> onB.count() > number);
        HttpResponse<String> read = nodes.b.get("/v1/files/" + owner + path);
        assertThat(read.body()).isEqualTo(contents);
        EventClient.Received event = onB.received().get(i);
        delays.add((event.nanos() - acknowledged) / 1_000_000);
        assertThat(put.headers().firstValue("X-Event-Cursor")).contains(event.cursor());
        assertThat(event.type()).isEqualTo("PUT");
        String hash =
            new ObjectMapper().readTree(event.data()).get("data").get("content_hash").asText();
        assertThat(read.headers().firstValue("ETag")).contains('"' + hash + '"');
      }
    }
    delays.sort(null);
    System.out.printf(
        "50 files written on A, read from B at their event: %d ms after the answer to the writer"
            + " (median), %d ms at most%n",
        delays.get(25), delays.get(49));
  }

  @Test
  void homeserverClientsSeeOnOneNodeWhatWasWrittenOnTheOther(Pair nodes) {
    String user = "8um71us3fyw6h8wbcxb5ar3rwusy1a6u49956ikzojg3gcwd1dty";
    String path = "/pub/" + MARKER + "/";
    putPubky(nodes.a, user, path + "first", "0");
    try (EventClient onB =
        EventClient.watchWithData(nodes.b, "/events-stream?live=true&user=" + user)) {
      for (int i = 1; i <= 20; i++) {
        ServerNode writes = i % 2 == 0 ? nodes.a : nodes.b;
        ServerNode reads = i % 2 == 0 ? nodes.b : nodes.a;
        putPubky(writes, user, path + i, MARKER + i);
        int number = i;
        await()
            .atMost(Duration.ofSeconds(10))
            .pollInterval(Duration.ofMillis(1))
            .until(() -> onB.count() > number);
        assertThat(onB.received().get(i).data()).startsWith("pubky://" + user + path + i + "\n");
        assertThat(reads.get(path + i + "?pubky-host=" + user).body()).isEqualTo(MARKER + i);
      }
      nodes.oracle.assertReceived(onB, nodes.oracle.committed("owner = '" + user + "'"));
    }
    assertThat(nodes.b.get("/events/?limit=1000").body())
        .contains("PUT pubky://" + user + path + "20\n");
    System.out.println("21 files by the homeserver API, written and read on different nodes");
  }

  private static void putPubky(ServerNode node, String user, String path, String contents) {
    HttpResponse<String> answer =
        node.send(
            HttpRequest.newBuilder(URI.create(node.url() + path))
                .header("pubky-host", user)
                .PUT(BodyPublishers.ofString(contents)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }
}
