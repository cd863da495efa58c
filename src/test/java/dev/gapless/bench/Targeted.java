package dev.gapless.bench;

import java.time.Duration;

/** 10,000 subscribers, each to its own owner, beside a broadcast with as many deliveries. */
final class Targeted {
  private static final int OWNERS = 10_000;
  private static final int PER_SECOND = 5_000;
  private static final int WRITERS = 8;
  private static final Duration WARM = Duration.ofSeconds(8);
  private static final Duration MEASURED = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String ALL = "/v1/events?after=now";

  /** As many deliveries a second as events of the other case. */
  private static final int BROADCAST_SUBSCRIBERS = 100;

  private Targeted() {}

  static void run(int rounds) {
    Outcome outcome =
        new Outcome("targeted fan-out, " + OWNERS + " owners, " + PER_SECOND + " events/s");
    for (int i = 0; i < rounds; i++) {
      targeted(outcome);
      broadcast(outcome);
      outcome.add(
          "CPU per delivery, ratio to broadcast",
          outcome.last("node CPU per delivery ns")
              / outcome.last("broadcast: node CPU per delivery ns"));
    }
    outcome.print();
  }

  private static String owner(long number) {
    return "owner-" + number % OWNERS;
  }

  private static String target(long number) {
    return "/v1/events?after=now&owner=" + owner(number);
  }

  private static void targeted(Outcome outcome) {
    try (Site site = new Site(1, "");
        SseLoad load = new SseLoad(site.node(0).port())) {
      for (int i = 0; i < OWNERS; i++) {
        load.add(1, target(i));
      }
      load.await("live", PATIENCE, () -> load.live() == OWNERS);
      try (Writers writers =
          Writers.paced(site.pool(WRITERS), WRITERS, PER_SECOND, 20, Targeted::owner)) {
        Pace.pause(WARM);
        load.startMeasuring();
        long delivered = load.delivered();
        long events = writers.events();
        long cpu = site.cpuOf(0);
        Pace.pause(MEASURED);
        long count = load.delivered() - delivered;
        outcome.add("published events/s", (writers.events() - events) / 10.0);
        outcome.add("deliveries/s", count / 10.0);
        outcome.add("node CPU per delivery ns", (double) (site.cpuOf(0) - cpu) / count);
        outcome.add("acknowledged to received", load.delays(writers::acknowledged));
      }
      long committed = site.committed(0, "true").count();
      load.await("complete", PATIENCE, () -> load.delivered() == committed);
      for (int i = 0; i < OWNERS; i += OWNERS / 100) {
        load.requireComplete(target(i), site.committed(0, "owner = '" + owner(i) + "'"));
      }
    }
  }

  private static void broadcast(Outcome outcome) {
    int perSecond = PER_SECOND / BROADCAST_SUBSCRIBERS;
    try (Site site = new Site(1, "");
        SseLoad load = new SseLoad(site.node(0).port())) {
      load.add(BROADCAST_SUBSCRIBERS, ALL);
      load.await("live", PATIENCE, () -> load.live() == BROADCAST_SUBSCRIBERS);
      try (Writers writers = Writers.paced(site.pool(1), 1, perSecond, 20, number -> "acme")) {
        Pace.pause(WARM);
        long delivered = load.delivered();
        long cpu = site.cpuOf(0);
        Pace.pause(MEASURED);
        outcome.add(
            "broadcast: node CPU per delivery ns",
            (double) (site.cpuOf(0) - cpu) / (load.delivered() - delivered));
      }
      long last = site.lastCommitted();
      load.await("complete", PATIENCE, () -> load.complete(ALL, last) == BROADCAST_SUBSCRIBERS);
      load.requireComplete(ALL, site.committed(0, "true"));
    }
  }
}
