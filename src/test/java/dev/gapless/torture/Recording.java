package dev.gapless.torture;

import dev.gapless.testkit.Promtool;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What nodes showed, one scrape after the other, given to the alerts of conf/prometheus as if there
 * had been one each 15 seconds.
 */
final class Recording {
  static final int SECONDS = 15;

  private static final Path RULES = Path.of("conf/prometheus/gapless.rules.yml").toAbsolutePath();
  private static final Pattern METRIC = Pattern.compile("\\b(?:gapless|hikaricp)_[a-z_]+\\b");
  private static final Pattern TIME = Pattern.compile("time: ([0-9hms]+),");
  private static final Pattern ALERT = Pattern.compile("alertname=\"(\\w+)\"");

  private final Map<String, StringBuilder> values = new TreeMap<>();
  private int scrapes;

  /** The names that the alerts go by. */
  static Set<String> names() {
    try {
      return METRIC
          .matcher(Files.readString(RULES))
          .results()
          .map(found -> found.group())
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A node's series of these names; without an answer there is only that. */
  static Map<String, Double> series(Set<String> names, String node, Optional<Scrape> scrape) {
    Map<String, Double> series =
        new TreeMap<>(scrape.map(now -> now.series(names, node)).orElse(Map.of()));
    series.put("up{instance=\"" + node + "\",job=\"gapless\"}", scrape.isPresent() ? 1.0 : 0.0);
    return series;
  }

  /** The next scrape, of all nodes. */
  void add(Map<String, Double> series) {
    series.keySet().forEach(name -> values.computeIfAbsent(name, key -> absentSoFar()));
    values.forEach(
        (name, text) ->
            text.append(' ').append(series.containsKey(name) ? series.get(name) : "stale"));
    scrapes++;
  }

  private StringBuilder absentSoFar() {
    return new StringBuilder(" _".repeat(scrapes));
  }

  int scrapes() {
    return scrapes;
  }

  /** The alerts that are raised at these scrapes, counted from 0. */
  Map<Integer, Set<String>> alertsAt(List<Integer> moments)
      throws IOException, InterruptedException {
    StringBuilder cases =
        new StringBuilder(
            """
            rule_files: ['%s']
            evaluation_interval: %ds
            tests:
              - interval: %ds
                input_series:
            """
                .formatted(RULES, SECONDS, SECONDS));
    values.forEach(
        (series, text) ->
            cases.append(
                "      - {series: '%s', values: '%s'}\n"
                    .formatted(series, text.toString().strip())));
    cases.append("    promql_expr_test:\n");
    for (int moment : moments) {
      // that nothing is raised is what it is to expect: it prints what is raised all the same
      cases.append(
          "      - {expr: 'ALERTS{alertstate=\"firing\"}', eval_time: %ds, exp_samples: []}\n"
              .formatted(moment * SECONDS));
    }
    Path folder = TestFolders.create("alerts");
    try {
      Files.writeString(folder.resolve("cases.yml"), cases);
      return raised(Promtool.run(folder, "", "test", "rules", "cases.yml"), moments);
    } finally {
      TestFolders.delete(folder);
    }
  }

  private static Map<Integer, Set<String>> raised(String said, List<Integer> moments) {
    if (!said.contains("SUCCESS") && !TIME.matcher(said).find()) {
      throw new IllegalStateException(said);
    }
    Map<Integer, Set<String>> raised = new LinkedHashMap<>();
    moments.forEach(moment -> raised.put(moment, new TreeSet<>()));
    Optional<Set<String>> at = Optional.empty();
    for (String line : said.lines().toList()) {
      Matcher time = TIME.matcher(line);
      if (time.find()) {
        int moment = seconds(time.group(1)) / SECONDS;
        at = Optional.of(raised.getOrDefault(moment, new TreeSet<>()));
      }
      Matcher alert = ALERT.matcher(line);
      while (alert.find()) {
        at.orElseThrow(() -> new IllegalStateException(said)).add(alert.group(1));
      }
    }
    return raised;
  }

  /** Such as 1h2m15s. */
  private static int seconds(String duration) {
    return (int) Duration.parse("PT" + duration.toUpperCase(Locale.ROOT)).toSeconds();
  }

  static List<Integer> every(int step, int end) {
    return IntStream.range(0, end).filter(moment -> moment % step == 0).boxed().toList();
  }
}
