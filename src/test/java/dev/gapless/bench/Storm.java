package dev.gapless.bench;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Everybody comes back at once, with a cursor of a while ago. */
final class Storm {
  private static final int SUBSCRIBERS = 10_000;
  private static final int MISSED_SECONDS = 10;
  private static final int PER_SECOND = 10;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private Storm() {}

  static void run(int rounds) {
    of(rounds, "the ring has it", "");
    of(rounds, "the ring is smaller", "gapless.hub.ring-events = 32");
  }

  private static void of(int rounds, String name, String config) {
    Outcome outcome =
        new Outcome(SUBSCRIBERS + " reconnect with cursors " + MISSED_SECONDS + " s old: " + name);
    for (int i = 0; i < rounds; i++) {
      try (Site site = new Site(1, config)) {
        warm(site);
        site.execute("SELECT gapless.publish('acme', '/bench', 'note')");
        String target = "/v1/events?after=" + cursor(site);
        long from = site.lastCommitted();
        try (Writers writers = Writers.paced(site.pool(2), 2, PER_SECOND, 20, number -> "acme")) {
          Pace.pause(Duration.ofSeconds(MISSED_SECONDS));
          long reads = site.hub(0).path("catchUpReads").asLong();
          long checks = site.hub(0).path("cursorChecks").asLong();
          long transactions = transactions(site);
          try (SseLoad load = new SseLoad(site.node(0).port())) {
            long begun = System.nanoTime();
            load.add(SUBSCRIBERS, target);
            load.await("live", PATIENCE, () -> load.live() == SUBSCRIBERS);
            double seconds = (System.nanoTime() - begun) / (double) TimeUnit.SECONDS.toNanos(1);
            outcome.add("seconds until all are live", seconds);
            outcome.add("pages read", site.hub(0).path("catchUpReads").asLong() - reads);
            outcome.add("cursors verified", site.hub(0).path("cursorChecks").asLong() - checks);
            // those of the tail and the writers are among them
            outcome.add("transactions meanwhile", transactions(site) - transactions);
            writers.close();
            long last = site.lastCommitted();
            load.await("complete", PATIENCE, () -> load.complete(target, last) == SUBSCRIBERS);
            load.requireComplete(target, site.committed(from, "true"));
          }
        }
      }
    }
    outcome.print();
  }

  private static void warm(Site site) {
    for (int i = 0; i < 3; i++) {
      try (SseLoad load = new SseLoad(site.node(0).port())) {
        load.add(SUBSCRIBERS / 2, "/v1/events?after=now");
        load.await("live", PATIENCE, () -> load.live() == SUBSCRIBERS / 2);
      }
      Idle.awaitStreams(site, 0);
    }
  }

  private static String cursor(Site site) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    String head = "0";
    while (!head.startsWith(site.lastCommitted() + "-")) {
      head = site.hub(0).path("head").asText();
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("the head stays at " + head);
      }
    }
    return head;
  }

  private static long transactions(Site site) {
    return site.number(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database"
            + " WHERE datname = current_database()");
  }
}
