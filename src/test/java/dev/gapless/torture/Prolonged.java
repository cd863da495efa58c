package dev.gapless.torture;

import dev.gapless.testkit.Scrape;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A fault that goes on for minutes, from what was shown before, during and after a short one: what
 * it counted is counted again at each scrape, what tells how long something lasts goes on, and
 * everything else stays as it is.
 */
final class Prolonged {
  private static final int BEFORE = 20;
  private static final int DURING = 40;

  /** Longer than an hour, which is how far the alerts look back. */
  private static final int AFTER = 260;

  private static final double EVENTS = 100;

  private final Map<String, Double> before;
  private final Map<String, Double> during;
  private final Map<String, Double> after;

  /**
   * @param raised the alerts at the end of the fault
   * @param quiet those of before it and of some time after it
   */
  record Alerts(Set<String> quiet, Set<String> raised) {}

  /** The moments by name of the node. */
  Prolonged(
      Map<String, Scrape> before, Map<String, Optional<Scrape>> during, Map<String, Scrape> after) {
    Set<String> names = Recording.names();
    this.before = new TreeMap<>();
    this.during = new TreeMap<>();
    this.after = new TreeMap<>();
    before.forEach((n, s) -> this.before.putAll(Recording.series(names, n, Optional.of(s))));
    during.forEach((n, s) -> this.during.putAll(Recording.series(names, n, s)));
    after.forEach((n, s) -> this.after.putAll(Recording.series(names, n, Optional.of(s))));
  }

  Alerts alerts() throws IOException, InterruptedException {
    Recording recording = new Recording();
    for (int i = 0; i < BEFORE; i++) {
      int step = i;
      recording.add(moment(before, (name, value) -> isHead(name) ? step * EVENTS : value));
    }
    double head = BEFORE * EVENTS;
    Map<String, Double> last = Map.of();
    for (int i = 1; i <= DURING; i++) {
      int step = i;
      last = moment(during, (name, value) -> goesOn(name, value, head, step));
      recording.add(last);
    }
    Map<String, Double> end = last;
    double newHead =
        end.entrySet().stream()
            .filter(entry -> isHead(entry.getKey()))
            .mapToDouble(Map.Entry::getValue)
            .max()
            .orElse(head);
    for (int i = 1; i <= AFTER; i++) {
      int step = i;
      recording.add(
          moment(
              after,
              (name, value) ->
                  isHead(name)
                      ? newHead + step * EVENTS
                      : isCounter(name) ? end.getOrDefault(name, value) : value));
    }
    int over = BEFORE + DURING + AFTER - 1;
    Map<Integer, Set<String>> alerts =
        recording.alertsAt(List.of(BEFORE - 1, BEFORE + DURING - 1, over));
    Set<String> quiet = alerts.getOrDefault(BEFORE - 1, Set.of());
    quiet.addAll(alerts.getOrDefault(over, Set.of()));
    return new Alerts(quiet, alerts.getOrDefault(BEFORE + DURING - 1, Set.of()));
  }

  private double goesOn(String name, double value, double head, int step) {
    double first = before.getOrDefault(name, 0.0);
    if (isHead(name)) {
      return head + (value - first) * step;
    }
    if (isCounter(name)) {
      return first + Math.max(0, value - first) * step;
    }
    // what is shorter is somebody's commit
    boolean lasts = name.startsWith("gapless_hole_blocked_seconds") && value >= 1;
    return lasts ? value + step * Recording.SECONDS : value;
  }

  private interface Value {
    double of(String name, double value);
  }

  private static Map<String, Double> moment(Map<String, Double> series, Value value) {
    Map<String, Double> moment = new TreeMap<>();
    series.forEach((name, now) -> moment.put(name, value.of(name, now)));
    return moment;
  }

  private static boolean isHead(String name) {
    return name.startsWith("gapless_head{");
  }

  private static boolean isCounter(String name) {
    return name.contains("_total{") || name.contains("_bucket{") || name.contains("_count{");
  }
}
