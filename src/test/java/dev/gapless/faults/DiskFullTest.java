package dev.gapless.faults;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SmallDisk;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The disk with the tables is full, for a while. */
class DiskFullTest {
  private static final Random RANDOM = new Random(29);

  @Test
  void writersAreToldStreamsStayAndAllIsWellWhenThereIsRoomAgain() throws Exception {
    boolean mounted = SmallDisk.isPossible();
    try (SmallDisk disk = mounted ? SmallDisk.mount(64) : null;
        TestDatabase database =
            mounted
                ? TestDatabase.ownClusterWithTablesOn(disk, Map.of())
                : TestDatabase.ownCluster()) {
      TestLogs.migrate(database, TestLogs.settings());
      Disk hard =
          mounted
              ? new Disk(disk::fill, disk::free, 2_000_000)
              // a limit of each file by itself, and above the size of PostgreSQL's own log
              : new Disk(
                  () -> database.limitFileSize(17_000_000),
                  database::liftFileSizeLimit,
                  20_000_000);
      try (ServerNode node =
              ServerNode.start(
                  database.jdbcUrl(), NodeOptions.config("gapless.hub.heartbeat = 2 s").quick());
          Watchers watchers = Watchers.of(new Oracle(database.dataSource()), node)) {
        full(new Oracle(database.dataSource()), node, watchers, hard);
      }
    }
  }

  @Test
  @Tag("long")
  void whenPostgresItselfHasNoRoomAllIsWellAfterItsRestart() throws Exception {
    assumeTrue(SmallDisk.isPossible());
    try (SmallDisk disk = SmallDisk.mount(256);
        TestDatabase database = TestDatabase.ownClusterOn(disk, Map.of())) {
      TestLogs.migrate(database, TestLogs.settings());
      Oracle oracle = new Oracle(database.dataSource());
      try (ServerNode node = ServerNode.start(database.jdbcUrl(), NodeOptions.config("").quick());
          Watchers watchers = Watchers.of(oracle, node)) {
        try (Load load = Load.startStubborn(database.dataSource(), 4, 29)) {
          Watchers.awaitMore(watchers.all(0), 50);
          disk.fill();
          await("PostgreSQL gives up")
              .atMost(Duration.ofMinutes(2))
              .until(() -> !database.isRunning() || !wantsMoreLog(database));
          await("not ready").atMost(Duration.ofSeconds(20)).until(() -> !node.isReady());
          disk.free();
          await("PostgreSQL runs")
              .atMost(Duration.ofSeconds(60))
              .until(
                  () -> {
                    if (!database.isRunning()) {
                      database.start();
                    }
                    return node.isReady();
                  });
          Watchers.awaitMore(watchers.all(0), 50);
        }
        System.out.printf(
            "disk full, PostgreSQL down: %,d events without a gap%n", watchers.assertComplete());
        watchers.assertStayedOpen();
      }
    }
  }

  /** Has PostgreSQL begin another file of its own log; whether it lived through it. */
  private static boolean wantsMoreLog(TestDatabase database) {
    try {
      database.execute("SELECT pg_logical_emit_message(false, 'x', 'x'); SELECT pg_switch_wal()");
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /**
   * @param much size of a file that a full disk has no room for
   */
  private record Disk(Runnable fill, Runnable free, int much) {}

  private static void full(Oracle oracle, ServerNode node, Watchers watchers, Disk disk)
      throws InterruptedException {
    List<Long> acknowledged = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      acknowledged.add(position(publish(node)));
    }
    String kept = noise(1_000);
    assertThat(node.putFile(Load.owner(2) + "/pub/kept-" + MARKER, kept).statusCode())
        .isEqualTo(201);
    assertThat(refusals(node)).isZero();
    disk.fill.run();
    // what room there is inside the files is used up first
    HttpResponse<String> refused =
        await("no room")
            .atMost(Duration.ofSeconds(60))
            .pollInterval(Duration.ofMillis(1))
            .until(
                () -> {
                  HttpResponse<String> answer = publish(node);
                  if (answer.statusCode() == 201) {
                    acknowledged.add(position(answer));
                  }
                  return answer;
                },
                answer -> answer.statusCode() != 201);
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
    assertThat(refused.body()).contains("\"outcome\":\"not-committed\"");
    HttpResponse<String> put =
        node.putFile(Load.owner(2) + "/pub/kept-" + MARKER, noise(disk.much));
    assertThat(put.statusCode()).as(put.body()).isEqualTo(503);
    System.out.printf("disk full: %s %s%n", refused.statusCode(), refused.body());
    System.out.printf("disk full, a file: %s %s%n", put.statusCode(), put.body());

    double refusals = refusals(node);
    assertThat(refusals).as("answers 503").isEqualTo(2);
    await().until(() -> node.output().contains("publish_failed"));
    await().until(() -> node.output().contains("write_failed state=\"53"));

    assertThat(node.get("/v1/files/" + Load.owner(2) + "/pub/kept-" + MARKER).body())
        .as("nothing is half written")
        .isEqualTo(kept);
    assertThat(node.isReady()).as("what is there is delivered").isTrue();
    try (EventClient history = EventClient.watch(node, "/v1/events?after=earliest")) {
      oracle.assertReceived(history, oracle.committed("true"));
    }
    long connects = node.status().get("tail").get("connects").asLong();
    // marks of the tail are due each second
    await().pollDelay(Duration.ofSeconds(2)).until(node::isReady);
    assertThat(node.status().get("tail").get("connects").asLong())
        .as("connections of the tail")
        .isEqualTo(connects);

    disk.free.run();
    long freed = System.nanoTime();
    await("writes again")
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              HttpResponse<String> answer = publish(node);
              if (answer.statusCode() == 201) {
                acknowledged.add(position(answer));
              }
              return answer.statusCode() == 201;
            });
    System.out.printf(
        "disk full: writes %d ms after there is room%n", (System.nanoTime() - freed) / 1_000_000);
    assertThat(node.putFile(Load.owner(2) + "/pub/kept-" + MARKER, noise(disk.much)).statusCode())
        .isEqualTo(200);
    double since = refusals(node);
    acknowledged.add(position(publish(node)));
    assertThat(refusals(node)).as("answers 503, afterwards").isEqualTo(since);
    assertThat(since).isGreaterThanOrEqualTo(refusals);
    assertThat(oracle.committed("type = 'x'"))
        .as("each one that was acknowledged, and no other")
        .isEqualTo(acknowledged);
    int events = watchers.assertComplete();
    watchers.assertStayedOpen();
    System.out.printf("disk full: %,d events without a gap%n", events);
  }

  private static double refusals(ServerNode node) {
    return Scrape.of(node).value("gapless_http_requests_seconds_count", "status", "503");
  }

  private static HttpResponse<String> publish(ServerNode node) {
    return node.publish(
        """
        {"owner":"%s","path":"/%s","type":"x","data":"%s"}"""
            .formatted(Load.owner(1), MARKER, noise(100_000)));
  }

  private static long position(HttpResponse<String> created) {
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    return ServerNode.json(created).get("events").get(0).get("id").asLong();
  }

  /** Nothing that could be compressed. */
  private static String noise(int length) {
    byte[] bytes = new byte[length * 3 / 4];
    RANDOM.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
