package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.RudeClient;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.StreamSwarm;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hundreds of clients that come, stop in the middle of things, and go: nothing of them stays. */
class RudeClientsTest {
  private static final String TARGET = "/v1/events?owner=" + MARKER;
  private static final String FILE = "/v1/files/" + MARKER + "/";
  private static final String JSON = "Content-Type: application/json";
  private static final int UPLOAD = 1 << 20;

  private TestDatabase database;
  private Oracle oracle;
  private ServerNode node;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    oracle = new Oracle(database.pool(2));
    node =
        ServerNode.start(
            database,
            """
            gapless.hub { ring-bytes = 4 MiB, cache-bytes = 4 MiB, heartbeat = 1 s }
            gapless.files.clean-interval = 500 ms
            """);
  }

  @AfterEach
  void stop() {
    node.close();
    database.close();
  }

  @Test
  void leaveNothingBehind() throws Exception {
    node.putFile(MARKER + "/whole", "x".repeat(UPLOAD));
    // the ring is full and the node warm before anything is measured
    flood(4_000);
    int clients = comeAndGo();
    await("all have left").atMost(Duration.ofMinutes(1)).until(() -> streams() == 0);
    NodeFootprint before = NodeFootprint.of(node, database.dataSource());

    clients = comeAndGo();
    before.assertNothingLeaked(node, database.dataSource());
    await("all have left again").atMost(Duration.ofMinutes(1)).until(() -> streams() == 0);
    await("bodies that never arrived whole are removed")
        .atMost(Duration.ofSeconds(30))
        .until(() -> count("gapless.file_versions WHERE NOT linked") == 0);
    assertThat(count("gapless.files")).isEqualTo(1);
    System.out.printf(
        "%d clients came and went; before: %s; after: %s%n",
        clients, before.describe(), NodeFootprint.of(node, database.dataSource()).describe());
    assertThat(node.output()).as("clients that go are no errors").doesNotContain(" ERROR ");
  }

  @Test
  void idleStreamsUseHardlyAnyProcessor() {
    int streams = 200;
    flood(100);
    try (StreamSwarm idle = StreamSwarm.reading(server(), TARGET, streams)) {
      double[] share = new double[1];
      // a busy loop goes on for ever, a compiler that is still at work does not
      await("the node is at rest")
          .atMost(Duration.ofMinutes(1))
          .until(
              () -> {
                share[0] = NodeFootprint.cpu(node, Duration.ofSeconds(3));
                return share[0] < 0.5;
              });
      System.out.printf(
          "%d idle streams with a heartbeat a second use %.1f %% of a core%n",
          idle.open(), share[0] * 100);
    }
  }

  /** All kinds at once. Returns how many they were. */
  private int comeAndGo() throws IOException {
    List<AutoCloseable> all = new ArrayList<>();
    int count = 0;
    try (StreamSwarm reading = StreamSwarm.reading(server(), TARGET, 60);
        StreamSwarm history = StreamSwarm.notReading(server(), TARGET + "&after=0", 40);
        StreamSwarm live = StreamSwarm.notReading(server(), TARGET, 40)) {
      count += reading.size() + history.size() + live.size();
      List<EventClient> moving = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        moving.add(EventClient.watch(node, TARGET + "&path=/x"));
      }
      all.addAll(moving);
      for (int i = 0; i < 20; i++) {
        boolean reset = i % 2 == 0;
        all.add(rude(reset, "GET " + TARGET + " HTTP/1.1\r\nHost: loc"));
        all.add(rude(reset, head("GET " + TARGET + " HTTP/1.1", "Accept: text/event-stream")));
        all.add(
            rude(reset, head("GET " + TARGET + "&wait=60s HTTP/1.1", "Accept: application/json")));
        all.add(rude(reset, head("GET " + FILE + "whole HTTP/1.1")));
        all.add(upload(reset, "Content-Length: " + 2 * UPLOAD, UPLOAD / 2));
        all.add(upload(reset, "Transfer-Encoding: chunked", 0));
        all.add(
            rude(reset, head("POST /v1/events HTTP/1.1", JSON, "Content-Length: 5000") + "[{\"ow"));
        all.add(rude(reset, "\u0016\u0003\u0001 no HTTP at all\r\n\r\n"));
      }
      for (int round = 0; round < 3; round++) {
        moving.forEach(EventClient::disconnect);
        flood(300);
        moving.get(round).stopReading();
      }
      count += all.size() + 3 * moving.size();
      long last = oracle.last();
      await("those who read have all")
          .atMost(Duration.ofMinutes(1))
          .until(() -> moving.get(9).lastEventId().startsWith(last + "-"));
    } finally {
      closeAll(all);
    }
    return count;
  }

  private static void closeAll(List<AutoCloseable> all) {
    for (AutoCloseable one : all) {
      try {
        one.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private RudeClient rude(boolean reset, String bytes) throws IOException {
    return RudeClient.connect(node.port(), reset).send(bytes);
  }

  private RudeClient upload(boolean reset, String length, int bytes) throws IOException {
    RudeClient client = rude(reset, head("PUT " + FILE + "part HTTP/1.1", length));
    return bytes == 0 ? client.send("5\r\nhello\r\nff") : client.send("x".repeat(bytes));
  }

  private static String head(String request, String... headers) {
    return request
        + "\r\nHost: localhost\r\n"
        + String.join("\r\n", headers)
        + (headers.length == 0 ? "\r\n" : "\r\n\r\n");
  }

  private InetSocketAddress server() {
    return new InetSocketAddress("127.0.0.1", node.port());
  }

  private int streams() {
    return node.status().get("streams").asInt();
  }

  private long count(String what) {
    return oracle.numbers("SELECT count(*) FROM " + what).get(0);
  }

  private void flood(int events) {
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type, data) SELECT '%s', '/x', 'made', jsonb_build_object('x', rpad('', 1000, 'x')) FROM generate_series(1, %d)"
            .formatted(MARKER, events));
  }
}
