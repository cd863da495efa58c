package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.JavaHeap;
import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.StreamSwarm;
import dev.gapless.testkit.TestDatabase;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Subscribers whose TCP window is zero: they have asked for everything and take nothing. They cost
 * their own connection, and nobody else anything.
 */
class StuckClientsTest {
  private static final String TARGET = "/v1/events?owner=" + MARKER;

  /** Most that one of them may hold of the heap; an idle stream takes 30 KiB. */
  private static final long MOST_HEAP_EACH = 128 << 10;

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int ROUNDS = 5;
  private static final int EVENTS_IN_A_ROUND = 200;
  private static final Duration PAUSE = Duration.ofMillis(50);

  private TestDatabase database;
  private Oracle oracle;
  private ServerNode node;
  private int published;
  private long last;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    oracle = new Oracle(database.pool(2));
  }

  @AfterEach
  void stop() {
    node.close();
    database.close();
  }

  /**
   * With so little memory outside of the heap that Pekko's buffers of 128 KiB for each of them
   * would not fit: the node would die.
   */
  @Test
  void holdUpNobodyAndHoldLittleMemory() {
    node =
        start(
            NodeOptions.config(
                    "gapless.hub { ring-bytes = 4 MiB, cache-bytes = 4 MiB, heartbeat = 1 s }")
                .withJvm("-XX:MaxDirectMemorySize=16m"));
    int each = 100;
    flood(6_000);
    awaitHead();
    int before = published;
    try (StreamSwarm healthy = StreamSwarm.reading(server(), TARGET, each)) {
      long heap = JavaHeap.live(node.process().process());
      assertThat(behind()).isZero();
      List<StreamSwarm> stuck = new ArrayList<>();
      try {
        stuck.add(StreamSwarm.notReading(server(), TARGET, each));
        await("live").atMost(PATIENCE).until(() -> hub().get("live").asInt() == 2 * each);
        // each of these in a page of its own
        for (int i = 0; i < each; i++) {
          stuck.add(StreamSwarm.notReading(server(), TARGET + "&after=" + (1 + i * 50), 1));
        }
        await("all are served").atMost(PATIENCE).until(() -> streams() == 3 * each);
        // at the pace of the healthy ones: they would fall behind as well
        while (hub().get("live").asInt() > each) {
          flood(200);
          awaitAll(healthy);
          assertThat(published).as("events until they were behind").isLessThan(before + 10_000);
        }
        assertThat(behind()).as("those that were live").isEqualTo(each);
        int expected = published - before;
        await("the healthy ones have everything")
            .atMost(PATIENCE)
            .until(() -> healthy.complete(expected) == each);
        long[] growth = new long[1];
        await("pages that nobody takes are given back")
            .atMost(PATIENCE)
            .until(
                () -> {
                  growth[0] = JavaHeap.live(node.process().process()) - heap;
                  return growth[0] < 2 * each * MOST_HEAP_EACH;
                });
        assertThat(hub().get("live").asInt()).as("the healthy ones").isEqualTo(each);
        assertThat(healthy.complete(expected)).isEqualTo(each);
        System.out.printf(
            "%d subscribers with a zero window, half of them in history: %,d bytes of live heap"
                + " each; %d healthy ones got all %d events%n",
            2 * each, growth[0] / (2 * each), each, expected);
      } finally {
        stuck.forEach(StreamSwarm::close);
      }
      await("the stuck ones are gone").atMost(PATIENCE).until(() -> streams() == each);
      await("nobody is behind").atMost(PATIENCE).until(() -> behind() == 0);
    }
  }

  @Test
  @Tag("long")
  void thousandOfThemBesideThousandHealthyOnes() {
    node = start(NodeOptions.config("gapless.hub.ring-bytes = 8 MiB").withJvm("-Xmx768m"));
    int each = 1_000;
    flood(10_000);
    awaitHead();
    try (StreamSwarm healthy = StreamSwarm.reading(server(), TARGET, each)) {
      measure(healthy);
      measure(healthy);
      NodeFootprint before = NodeFootprint.of(node, database.dataSource());
      List<Double> alone = new ArrayList<>();
      List<Double> beside = new ArrayList<>();
      List<Double> ratios = new ArrayList<>();
      for (int round = 1; round <= ROUNDS; round++) {
        double p99Alone = measure(healthy);
        double p99Beside;
        try (StreamSwarm stuck = StreamSwarm.notReading(server(), TARGET, each)) {
          await("live").atMost(PATIENCE).until(() -> hub().get("live").asInt() == 2 * each);
          while (hub().get("live").asInt() > each) {
            flood(200);
            awaitAll(healthy);
          }
          p99Beside = measure(healthy);
          assertThat(hub().get("behind").asInt()).isEqualTo(each);
          assertThat(healthy.ended()).isZero();
        }
        await().atMost(PATIENCE).until(() -> streams() == each);
        System.out.printf(
            "round %d: p99 of %d healthy subscribers %.1f ms, beside %d stuck ones %.1f ms%n",
            round, each, p99Alone, each, p99Beside);
        alone.add(p99Alone);
        beside.add(p99Beside);
        ratios.add(p99Beside / p99Alone);
      }
      System.out.printf(
          "medians of %d rounds: p99 %.1f ms, beside stuck ones %.1f ms; ratio %.2f%n",
          ROUNDS, median(alone), median(beside), median(ratios));
      before.assertNothingLeaked(node, database.dataSource());
    }
  }

  /** Milliseconds from before the insert to the receipt, which 99 of 100 deliveries kept to. */
  private double measure(StreamSwarm healthy) {
    publishNow();
    awaitAll(healthy);
    healthy.startMeasuring();
    for (int i = 0; i < EVENTS_IN_A_ROUND; i++) {
      publishNow();
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    awaitAll(healthy);
    long[] delays = healthy.delays();
    assertThat(delays).hasSize(EVENTS_IN_A_ROUND * healthy.size());
    return delays[delays.length / 100 * 99] / 1e6;
  }

  private void awaitAll(StreamSwarm healthy) {
    try {
      await("all deliveries").atMost(PATIENCE).until(() -> healthy.latest() == last);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "%d of %d streams have ended; hub %s".formatted(healthy.ended(), healthy.size(), hub()),
          e);
    }
  }

  private ServerNode start(NodeOptions options) {
    return ServerNode.start(database.jdbcUrl(), options);
  }

  private InetSocketAddress server() {
    return new InetSocketAddress("127.0.0.1", node.port());
  }

  /** The log is new and has one writer: its positions count the events. */
  private void awaitHead() {
    await("everything is decided")
        .atMost(PATIENCE)
        .until(() -> hub().get("head").asText().startsWith(published + "-"));
  }

  private JsonNode hub() {
    return node.status().get("hub");
  }

  private double behind() {
    return Scrape.of(node).value("gapless_subscribers", "state", "behind");
  }

  private int streams() {
    return node.status().get("streams").asInt();
  }

  private void publishNow() {
    insert(1, 100);
  }

  private void flood(int events) {
    insert(events, 1_000);
  }

  private void insert(int events, int bytes) {
    long now = System.nanoTime();
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type, data) SELECT '%s', '/x', 'made', jsonb_build_object('sent', %d + n, 'x', rpad('', %d, 'x')) FROM generate_series(1, %d) AS n"
            .formatted(MARKER, now, bytes, events));
    last = now + events;
    published += events;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    sorted.sort(null);
    return sorted.get(sorted.size() / 2);
  }
}
