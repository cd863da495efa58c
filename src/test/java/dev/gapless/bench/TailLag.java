package dev.gapless.bench;

import java.time.Duration;

/** How far behind the commits the head is while writers are flat out: what one subscriber sees. */
final class TailLag {
  private static final int WRITERS = 16;
  private static final Duration WARM = Duration.ofSeconds(8);
  private static final Duration MEASURED = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String ALL = "/v1/events?after=now";

  private TailLag() {}

  static void run(int rounds) {
    Outcome outcome = new Outcome("tail under write load, " + WRITERS + " writers flat out");
    for (int i = 0; i < rounds; i++) {
      try (Site site = new Site(1, "");
          SseLoad load = new SseLoad(site.node(0).port())) {
        load.add(1, ALL);
        load.await("live", PATIENCE, () -> load.live() == 1);
        try (Writers writers = Writers.flatOut(site.pool(WRITERS), WRITERS, 1, 20, "acme")) {
          Pace.pause(WARM);
          load.startMeasuring();
          long events = writers.events();
          Pace.pause(MEASURED);
          outcome.add("commits/s", (writers.events() - events) / (double) MEASURED.toSeconds());
          outcome.add("acknowledged to received", load.delays(writers::acknowledged));
        }
        long last = site.lastCommitted();
        load.await("complete", PATIENCE, () -> load.complete(ALL, last) == 1);
        load.requireComplete(ALL, site.committed(0, "true"));
      }
    }
    outcome.print();
  }
}
