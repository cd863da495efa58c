package dev.gapless.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What docs and conf/ say about metrics, beside what a node shows. After a change of the metrics
 * run this test with {@code -Dgapless.docs.write=on} and commit what it wrote.
 */
class MetricsDocTest {
  private static final Path PAGE = Path.of("docs/operations.md");
  private static final Path ALERTS = Path.of("conf/prometheus/gapless.rules.yml");
  private static final Path CASES = Path.of("conf/prometheus/gapless.rules.test.yml");
  private static final Path DASHBOARD = Path.of("conf/grafana/gapless.json");

  private static final String BEGIN = "<!-- begin metrics -->\n";
  private static final String END = "<!-- end metrics -->";

  /** A metric in an expression or a series; no function of PromQL has an underscore there. */
  private static final Pattern METRIC =
      Pattern.compile("\\b(?:gapless|hikaricp|jvm|process)_[a-z_]+\\b");

  private static Scrape scrape;

  @BeforeAll
  static void read() {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node = ServerNode.start(database, "")) {
      // some are there only once something has happened
      try (EventClient client = EventClient.watch(node, "/v1/events")) {
        node.publish("{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"note\"}");
        org.awaitility.Awaitility.await().until(() -> client.count() == 1);
        scrape = Scrape.of(node);
      }
    }
  }

  @Test
  void thePageListsEachOfOurs() throws IOException {
    StringBuilder table =
        new StringBuilder("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    scrape
        .families()
        .forEach(
            (name, family) -> {
              // the largest of the last minutes, which Micrometer adds to each time
              boolean addition = name.endsWith("_max");
              if (name.startsWith("gapless_") && !addition) {
                Set<String> labels = scrape.labels(name);
                labels.remove("le");
                table.append(
                    "| `%s` | %s | %s | %s |\n"
                        .formatted(name, family.type(), String.join(", ", labels), family.help()));
              }
            });
    String page = Files.readString(PAGE);
    int from = page.indexOf(BEGIN) + BEGIN.length();
    int to = page.indexOf(END);
    assertThat(to).as("the marks").isGreaterThanOrEqualTo(from);
    if (System.getProperty("gapless.docs.write") != null) {
      Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
      return;
    }
    assertThat(page.substring(from, to))
        .as("run this test with -Dgapless.docs.write=on to bring the page up to date")
        .isEqualTo(table.toString());
  }

  @Test
  void alertsAndTheirCasesAskForWhatIsThere() throws IOException {
    assertThat(scrape.names()).containsAll(metrics(Files.readString(ALERTS)));
    assertThat(scrape.names()).containsAll(metrics(Files.readString(CASES)));
  }

  @Test
  void theDashboardAsksForWhatIsThere() throws IOException {
    JsonNode dashboard = new ObjectMapper().readTree(DASHBOARD.toFile());
    List<String> expressions = new ArrayList<>();
    dashboard.findValues("expr").forEach(expr -> expressions.add(expr.asText()));
    assertThat(expressions).hasSizeGreaterThan(20);
    expressions.forEach(
        expr -> {
          assertThat(metrics(expr)).as(expr).isNotEmpty();
          assertThat(scrape.names()).as(expr).containsAll(metrics(expr));
        });
  }

  @Test
  void eachAlertHasACaseAndIsExplained() throws IOException {
    List<String> alerts =
        Pattern.compile("alert: (\\w+)")
            .matcher(Files.readString(ALERTS))
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(alerts).hasSizeGreaterThan(10);
    String cases = Files.readString(CASES);
    String page = Files.readString(PAGE);
    for (String alert : alerts) {
      // once silent, once raised
      assertThat(cases.split("alertname: " + alert + "\\b", -1)).as(alert).hasSizeGreaterThan(2);
      assertThat(page).contains("`" + alert + "`");
    }
  }

  private static Set<String> metrics(String text) {
    Set<String> names = new TreeSet<>();
    METRIC.matcher(text).results().forEach(found -> names.add(found.group()));
    return names;
  }
}
