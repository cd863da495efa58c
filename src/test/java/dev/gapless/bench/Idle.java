package dev.gapless.bench;

import dev.gapless.testkit.JavaHeap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Connections that are quiet: how fast they are accepted, what they hold, what they cost. */
final class Idle {
  private static final List<Integer> COUNTS = List.of(10_000, 18_000);
  private static final int NODES = 3;
  private static final int OF_EACH_NODE = 1_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  // half of what a node does in its first minute is compiling itself
  // in its second minute half of what a node does is still compiling itself
  private static final Duration WARM = Duration.ofMinutes(4);
  private static final Duration MEASURED = Duration.ofSeconds(30);
  private static final String ALL = "/v1/events?after=now";

  private Idle() {}

  static void connections(int rounds) {
    for (int count : COUNTS) {
      Outcome outcome = new Outcome(count + " idle connections");
      for (int i = 0; i < rounds; i++) {
        connections(count, outcome);
      }
      outcome.print();
    }
  }

  private static void connections(int count, Outcome outcome) {
    try (Site site = new Site(1, "")) {
      // what is needed once, such as classes, their compilation and buffers, is no cost of a
      // connection
      for (int i = 0; i < 3; i++) {
        try (SseLoad warm = new SseLoad(site.node(0).port())) {
          warm.add(5_000, ALL);
          warm.await("live", PATIENCE, () -> warm.live() == 5_000);
        }
        awaitStreams(site, 0);
      }
      long heap = JavaHeap.live(site.node(0).process().process());
      long resident = resident(site);
      try (SseLoad load = new SseLoad(site.node(0).port())) {
        long begun = System.nanoTime();
        load.add(count, ALL);
        load.await("live", PATIENCE, () -> load.live() == count);
        double seconds = (System.nanoTime() - begun) / (double) TimeUnit.SECONDS.toNanos(1);
        outcome.add("connections accepted and live, per second", count / seconds);
        long grown = JavaHeap.live(site.node(0).process().process()) - heap;
        outcome.add("live heap per connection, bytes", (double) grown / count);
        outcome.add(
            "growth of RSS per connection, bytes", (double) (resident(site) - resident) / count);
        site.execute("SELECT gapless.publish('acme', '/bench', 'note')");
        long last = site.lastCommitted();
        load.await("complete", PATIENCE, () -> load.complete(ALL, last) == count);
        load.requireComplete(ALL, site.committed(0, "true"));
      }
    }
  }

  static void awaitStreams(Site site, int count) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (site.node(0).status().path("streams").asInt() != count) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("streams do not end");
      }
      Pace.pause(Duration.ofMillis(100));
    }
  }

  private static long resident(Site site) {
    try {
      return Files.readAllLines(
                  Path.of("/proc/" + site.node(0).process().process().pid() + "/status"))
              .stream()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
              .findFirst()
              .orElseThrow()
          * 1024;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Nodes without events. */
  static void cost(int rounds) {
    Outcome outcome = new Outcome(NODES + " idle nodes, " + OF_EACH_NODE + " subscribers each");
    for (int i = 0; i < rounds; i++) {
      try (Site site = new Site(NODES, "");
          SseLoad one = new SseLoad(site.node(0).port());
          SseLoad two = new SseLoad(site.node(1).port());
          SseLoad three = new SseLoad(site.node(2).port())) {
        for (SseLoad load : List.of(one, two, three)) {
          load.add(OF_EACH_NODE, ALL);
          load.await("live", PATIENCE, () -> load.live() == OF_EACH_NODE);
        }
        Pace.pause(WARM);
        long[] cpu = {site.cpuOf(0), site.cpuOf(1), site.cpuOf(2)};
        long queries = queries(site);
        Pace.pause(MEASURED);
        double seconds = MEASURED.toSeconds();
        for (int node = 0; node < NODES; node++) {
          outcome.add(
              "CPU of node " + (node + 1) + ", % of a core",
              (site.cpuOf(node) - cpu[node]) / seconds / 1e7);
        }
        outcome.add("transactions/s a node", (queries(site) - queries) / seconds / NODES);
      }
    }
    outcome.print();
  }

  private static long queries(Site site) {
    return site.number(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()");
  }
}
