package dev.gapless.bench;

import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** All nodes are restarted, one after the other, under thousands of subscribers. */
final class Rolling {
  private static final int NODES = 3;
  private static final int SUBSCRIBERS = 5_000;
  private static final int PER_SECOND = 20;
  private static final Duration DRAIN = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private Rolling() {}

  static void run(int rounds) {
    Outcome outcome =
        new Outcome(
            "rolling restart of %d nodes, %d subscribers, drain %d s"
                .formatted(NODES, SUBSCRIBERS, DRAIN.toSeconds()));
    for (int i = 0; i < rounds; i++) {
      round(outcome);
    }
    outcome.print();
  }

  private static void round(Outcome outcome) {
    String config = "gapless.drain = " + DRAIN.toSeconds() + " s";
    try (Site site = new Site(NODES, config)) {
      AtomicInteger next = new AtomicInteger();
      boolean[] up = {true, true, true};
      Browsers browsers =
          new Browsers(
              SUBSCRIBERS,
              "/v1/events?after=earliest",
              () -> {
                int node = next.getAndIncrement() % NODES;
                // a balancer knows who is ready
                return site.node(up[node] ? node : (node + 1) % NODES).port();
              });
      try (browsers;
          Writers writers = Writers.paced(site.pool(2), 2, PER_SECOND, 20, number -> "acme")) {
        await("live", () -> browsers.live() == SUBSCRIBERS);
        double worst = 0;
        for (int node = 0; node < NODES; node++) {
          worst = Math.max(worst, restart(site, node, up, browsers, outcome));
        }
        outcome.add("busiest second, ratio to the average over the drain time", worst);
        writers.close();
        long[] committed = site.committed(0, "true").toArray();
        await("complete", () -> browsers.complete(committed) == SUBSCRIBERS);
        outcome.add("events, each got once and in order by each subscriber", committed.length);
        outcome.add("reconnects", browsers.reconnects().size());
      }
    }
  }

  /** Reconnects in the busiest second, in relation to the average over the drain time. */
  private static double restart(
      Site site, int node, boolean[] up, Browsers browsers, Outcome outcome) {
    int before = browsers.reconnects().size();
    up[node] = false;
    ServerNode server = site.node(node);
    server.stop();
    await("live again", () -> browsers.live() == SUBSCRIBERS);
    List<Long> all = browsers.reconnects();
    List<Long> these = all.subList(before, all.size());
    server.start();
    up[node] = true;
    Map<Long, Integer> seconds = new TreeMap<>();
    these.forEach(at -> seconds.merge((at - these.get(0)) / 1_000_000_000L, 1, Integer::sum));
    System.out.println("   reconnects by second " + seconds);
    int busiest = seconds.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    double average = these.size() / (double) DRAIN.toSeconds();
    outcome.add("reconnects in the busiest second of a restart", busiest);
    outcome.add("average over the drain time", average);
    return busiest / average;
  }

  private static void await(String what, java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("not " + what);
      }
      Pace.pause(Duration.ofMillis(100));
    }
  }
}
