package dev.gapless.torture;

import dev.gapless.testkit.Scrape;
import java.util.List;
import java.util.Optional;

/**
 * How a fault shows while it lasts.
 *
 * @param row how its row of the table in docs/operations.md begins
 * @param where who shows it
 * @param metrics of each of these nodes
 * @param alerts of conf/prometheus that are raised if it goes on
 * @param words in what the dashboard says is wrong
 * @param logged names of log lines
 * @param loggedAfter names of log lines when it is over
 */
record Sign(
    String row,
    Where where,
    List<Metric> metrics,
    List<String> alerts,
    List<String> words,
    List<String> logged,
    List<String> loggedAfter) {

  enum Where {
    /** The node it is about; the other one is silent. */
    FIRST,
    /** Both nodes. */
    BOTH
  }

  /** What a metric does, compared with the moment before; nothing if the node does not answer. */
  interface Seen {
    boolean in(Scrape before, Optional<Scrape> now);
  }

  /**
   * A metric that shows the fault.
   *
   * @param name as the table calls it, without labels
   */
  record Metric(String name, String what, Seen seen) {
    /** That the node does not answer: Prometheus adds it. */
    static Metric away() {
      return new Metric("up", "up is 0", (before, now) -> now.isEmpty());
    }

    static Metric is(double value, String name, String... labels) {
      return new Metric(
          name,
          name + List.of(labels) + " is " + value,
          (before, now) -> now.isPresent() && now.get().value(name, labels) == value);
    }

    static Metric atLeast(double value, String name, String... labels) {
      return new Metric(
          name,
          name + List.of(labels) + " is at least " + value,
          (before, now) -> now.isPresent() && now.get().value(name, labels) >= value);
    }

    static Metric grows(double by, String name, String... labels) {
      return new Metric(
          name,
          name + List.of(labels) + " grows by " + by,
          (before, now) ->
              now.isPresent() && now.get().value(name, labels) - before.value(name, labels) >= by);
    }

    static Metric falls(String name, String... labels) {
      return new Metric(
          name,
          name + List.of(labels) + " falls",
          (before, now) ->
              now.isPresent() && now.get().value(name, labels) < before.value(name, labels));
    }

    /** It counts one cause more often than another, and not only once. */
    static Metric prefers(String name, String label, String one, String other) {
      return new Metric(
          name,
          name + " counts " + one + " more often than " + other,
          (before, now) ->
              now.isPresent()
                  && now.get().value(name, label, one) - before.value(name, label, one)
                      > Math.max(
                          2,
                          now.get().value(name, label, other) - before.value(name, label, other)));
    }

    /** More than these seconds from the insert to a live subscriber. */
    static Metric late(String seconds) {
      String name = "gapless_insert_to_subscriber_seconds";
      return new Metric(
          name,
          name + " above " + seconds,
          (before, now) -> now.isPresent() && slow(now.get(), seconds) > slow(before, seconds));
    }

    private static double slow(Scrape scrape, String seconds) {
      String name = "gapless_insert_to_subscriber_seconds";
      return scrape.value(name + "_count") - scrape.value(name + "_bucket", "le", seconds);
    }
  }

  static Sign of(String row, Where where, Metric... metrics) {
    return new Sign(row, where, List.of(metrics), List.of(), List.of(), List.of(), List.of());
  }

  Sign alert(String... names) {
    return new Sign(row, where, metrics, List.of(names), words, logged, loggedAfter);
  }

  Sign says(String... texts) {
    return new Sign(row, where, metrics, alerts, List.of(texts), logged, loggedAfter);
  }

  Sign logs(String... names) {
    return new Sign(row, where, metrics, alerts, words, List.of(names), loggedAfter);
  }

  Sign logsAfter(String... names) {
    return new Sign(row, where, metrics, alerts, words, logged, List.of(names));
  }
}
