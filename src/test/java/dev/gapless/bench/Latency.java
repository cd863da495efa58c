package dev.gapless.bench;

import java.time.Duration;
import java.util.List;

/** From the acknowledgement of a publish to its receipt, under light load. */
final class Latency {
  private static final String ALL = "/v1/events?after=now";
  private static final Duration WARM = Duration.ofSeconds(10);
  private static final Duration MEASURED = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** One line of the table. */
  private record Case(String name, int subscribers, int perSecond, int nodes) {}

  private static final List<Case> CASES =
      List.of(
          new Case("1,000 subscribers, 50 events/s", 1_000, 50, 1),
          new Case("100 subscribers, 500 events/s", 100, 500, 1),
          // written by a client of the database: every node hears of it in the same way
          new Case("1 subscriber, 5 events/s, of two nodes", 1, 5, 2));

  private Latency() {}

  static void run(int rounds) {
    for (Case one : CASES) {
      Outcome outcome = new Outcome("latency, " + one.name());
      for (int i = 0; i < rounds; i++) {
        measure(one, outcome);
      }
      outcome.print();
    }
  }

  private static void measure(Case one, Outcome outcome) {
    try (Site site = new Site(one.nodes(), "");
        SseLoad load = new SseLoad(site.node(one.nodes() - 1).port())) {
      load.add(one.subscribers(), ALL);
      load.await("live", PATIENCE, () -> load.live() == one.subscribers());
      int threads = Math.min(4, one.perSecond());
      try (Writers writers =
          Writers.paced(site.pool(threads), threads, one.perSecond(), 20, number -> "acme")) {
        Pace.pause(WARM);
        load.startMeasuring();
        long delivered = load.delivered();
        long cpu = site.cpuOf(one.nodes() - 1);
        Pace.pause(MEASURED);
        outcome.add("acknowledged to received", load.delays(writers::acknowledged));
        outcome.add(
            "node CPU per delivery ns",
            (double) (site.cpuOf(one.nodes() - 1) - cpu) / (load.delivered() - delivered));
      }
      long last = site.lastCommitted();
      load.await("complete", PATIENCE, () -> load.complete(ALL, last) == one.subscribers());
      load.requireComplete(ALL, site.committed(0, "true"));
    }
  }
}
