package dev.gapless.testkit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What {@code GET /metrics} of a node shows at a moment, in Prometheus' text format. */
public final class Scrape {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-zA-Z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  private record Sample(String name, Map<String, String> labels) {}

  /**
   * What is told about the samples of a name.
   *
   * @param type such as {@code counter}
   */
  public record Family(String type, String help) {}

  private final Map<Sample, Double> samples = new LinkedHashMap<>();
  private final Map<String, String> types = new TreeMap<>();
  private final Map<String, String> helps = new TreeMap<>();

  private Scrape(String text) {
    text.lines().forEach(this::read);
  }

  public static Scrape of(ServerNode node) {
    return parse(node.get("/metrics").body());
  }

  public static Scrape parse(String text) {
    return new Scrape(text);
  }

  private void read(String line) {
    String[] words = line.split(" ", 4);
    if (line.startsWith("# TYPE ")) {
      types.put(words[2], words[3]);
    } else if (line.startsWith("# HELP ")) {
      helps.put(words[2], words.length > 3 ? words[3] : "");
    } else if (!line.startsWith("#")) {
      Matcher sample = SAMPLE.matcher(line);
      if (!sample.matches()) {
        throw new IllegalArgumentException("no sample: " + line);
      }
      Map<String, String> labels = new TreeMap<>();
      Matcher label = LABEL.matcher(Optional.ofNullable(sample.group(2)).orElse(""));
      while (label.find()) {
        labels.put(label.group(1), label.group(2));
      }
      samples.put(new Sample(sample.group(1), labels), Double.parseDouble(sample.group(3)));
    }
  }

  /** The sum of all samples of this name with these labels (names and values by turns). */
  public double value(String name, String... labels) {
    Map<String, String> wanted = new TreeMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      wanted.put(labels[i], labels[i + 1]);
    }
    return samples.entrySet().stream()
        .filter(entry -> entry.getKey().name().equals(name))
        .filter(entry -> entry.getKey().labels().entrySet().containsAll(wanted.entrySet()))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  /**
   * The values of these names as Prometheus would keep them of a node, by series such as {@code
   * name{instance="a",job="gapless"}}.
   */
  public Map<String, Double> series(Set<String> names, String instance) {
    Map<String, Double> series = new TreeMap<>();
    samples.forEach(
        (sample, value) -> {
          if (names.contains(sample.name())) {
            Map<String, String> labels = new TreeMap<>(sample.labels());
            labels.put("instance", instance);
            labels.put("job", "gapless");
            series.put(
                labels.entrySet().stream()
                    .map(label -> label.getKey() + "=\"" + label.getValue() + "\"")
                    .collect(Collectors.joining(",", sample.name() + "{", "}")),
                value);
          }
        });
    return series;
  }

  /** The names of all samples. */
  public Set<String> names() {
    Set<String> names = new TreeSet<>();
    samples.keySet().forEach(sample -> names.add(sample.name()));
    return names;
  }

  /** The names of the labels of a family's samples. */
  public Set<String> labels(String family) {
    Set<String> labels = new TreeSet<>();
    samples.keySet().stream()
        .filter(sample -> sample.name().replaceFirst("_(bucket|sum|count)$", "").equals(family))
        .forEach(sample -> labels.addAll(sample.labels().keySet()));
    return labels;
  }

  /** What is measured, by name. */
  public Map<String, Family> families() {
    Map<String, Family> families = new TreeMap<>();
    types.forEach(
        (name, type) -> families.put(name, new Family(type, helps.getOrDefault(name, ""))));
    return families;
  }
}
