package dev.gapless.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the metrics that tell of faults stand while nothing is wrong: those that the table of
 * faults in docs/operations.md and the alerts in conf/prometheus go by.
 */
public final class Silence {
  /** Shorter waits for somebody's commit are the ordinary life of a log. */
  private static final double BLOCKED_SECONDS = 1;

  private static final double QUEUE_FILLING = 0.25;

  private Silence() {}

  /** What a moment shows that it should not. */
  public static List<String> brokenAt(Scrape now) {
    Broken broken = new Broken();
    double connected =
        now.value("gapless_tail_state", "state", "following")
            + now.value("gapless_tail_state", "state", "blocked");
    broken.unless(connected == 1, "gapless_tail_state", connected);
    double disconnected = now.value("gapless_tail_state", "state", "disconnected");
    broken.unless(disconnected == 0, "gapless_tail_state{disconnected}", disconnected);
    double listening = now.value("gapless_listener_state", "state", "listening");
    broken.unless(listening == 1, "gapless_listener_state{listening}", listening);
    double blocked = now.value("gapless_hole_blocked_seconds");
    broken.unless(blocked < BLOCKED_SECONDS, "gapless_hole_blocked_seconds", blocked);
    double blockers = now.value("gapless_hole_blockers");
    broken.unless(blockers == 0, "gapless_hole_blockers", blockers);
    double queue = now.value("gapless_notify_queue_usage");
    broken.unless(queue < QUEUE_FILLING, "gapless_notify_queue_usage", queue);
    // not there before they were looked at for the first time
    double missing = now.value("gapless_partitions_missing");
    broken.unless(missing != 1, "gapless_partitions_missing", missing);
    for (String name : List.of("gapless_forced_position", "gapless_retention_waiting_seconds")) {
      broken.unless(now.value(name) == 0, name, now.value(name));
    }
    return broken.all;
  }

  /** What has happened between two moments, and what the second one shows, that should not. */
  public static List<String> broken(Scrape before, Scrape now) {
    Broken broken = new Broken();
    broken.all.addAll(brokenAt(now));
    for (String name :
        List.of(
            "gapless_tail_connects_total",
            "gapless_tail_restarts_total",
            "gapless_listener_restarts_total",
            "gapless_cursor_resets_total",
            "gapless_catchup_failures_total",
            "gapless_hub_restarts_total",
            "gapless_housekeeping_failures_total",
            "gapless_retention_failures_total")) {
      double grown = now.value(name) - before.value(name);
      broken.unless(grown == 0, name + " has grown", grown);
    }
    double refused =
        now.value("gapless_streams_closed_total", "reason", "overloaded")
            - before.value("gapless_streams_closed_total", "reason", "overloaded");
    broken.unless(refused == 0, "gapless_streams_closed_total{overloaded} has grown", refused);
    for (String status : List.of("500", "503")) {
      String[] answers = {"status", status};
      double grown =
          now.value("gapless_http_requests_seconds_count", answers)
              - before.value("gapless_http_requests_seconds_count", answers);
      broken.unless(grown == 0, "answers " + status, grown);
    }
    return broken.all;
  }

  private static final class Broken {
    private final List<String> all = new ArrayList<>();

    private void unless(boolean silent, String name, double value) {
      if (!silent) {
        all.add(name + ": " + value);
      }
    }
  }
}
