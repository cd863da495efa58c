package dev.gapless.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/** What is printed: figures of one round each, then their medians. */
final class Outcome {
  private final String title;
  private final List<String> names = new ArrayList<>();
  private final List<List<Double>> values = new ArrayList<>();

  Outcome(String title) {
    this.title = title;
    System.out.println("## " + title);
  }

  /** One figure of a round. */
  Outcome add(String name, double value) {
    int at = names.indexOf(name);
    if (at < 0) {
      at = names.size();
      names.add(name);
      values.add(new ArrayList<>());
    }
    values.get(at).add(value);
    System.out.printf(Locale.ROOT, "   %-60s %,16.2f%n", name, value);
    return this;
  }

  /** The usual percentiles, in milliseconds. */
  Outcome add(String name, Histogram micros) {
    return add(name + " p50 ms", micros.getValueAtPercentile(50) / 1e3)
        .add(name + " p99 ms", micros.getValueAtPercentile(99) / 1e3)
        .add(name + " max ms", micros.getMaxValue() / 1e3);
  }

  /** The figure of the last round. */
  double last(String name) {
    List<Double> all = values.get(names.indexOf(name));
    return all.get(all.size() - 1);
  }

  double median(String name) {
    List<Double> sorted = new ArrayList<>(values.get(names.indexOf(name)));
    sorted.sort(null);
    return sorted.get(sorted.size() / 2);
  }

  void print() {
    System.out.println("=> " + title + ", medians of " + values.get(0).size() + " rounds");
    for (String name : names) {
      System.out.printf(Locale.ROOT, "=> %-60s %,16.2f%n", name, median(name));
    }
    System.out.println();
  }
}
