package dev.gapless.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.torture.Sign.Metric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The table of faults in docs/operations.md: each fault of the suite is in it, whatever it promises
 * is tested, and every name in it exists.
 */
class FaultTableTest {
  private static final Path PAGE = Path.of("docs/operations.md");
  private static final Path RULES = Path.of("conf/prometheus/gapless.rules.yml");
  private static final Path TESTS = Path.of("src/test/java/dev/gapless");

  /** Rows of what the suite does not do, or not so, by how they begin, and the tests of each. */
  private static final Map<String, List<String>> OTHERS =
      Map.of(
          "the connection of a subscriber's read", List.of("acceptance/CutInCatchUpTest"),
          "the disk of the database", List.of("faults/DiskFullTest"),
          "clients vanish", List.of("acceptance/VanishedClientsTest"),
          "clients stop reading", List.of("acceptance/StuckClientsTest"),
          "more streams", List.of("metrics/MetricsTest", "acceptance/AdmissionTest"),
          "the nodes do not reach", List.of("cluster/ClusterTest"));

  private static final Pattern CODE = Pattern.compile("`([a-zA-Z_]+)`");
  private static final Pattern METRIC = Pattern.compile("(?:gapless|hikaricp)_.*|up");

  /**
   * A row, with the names in its cells.
   *
   * @param fault its first cell
   */
  private record Line(String fault, Set<String> metrics, Set<String> alerts, Set<String> logged) {}

  private static final List<Line> TABLE = table();

  private static List<Line> table() {
    String page = read(PAGE);
    String section = page.substring(page.indexOf("## What a fault looks like"));
    section = section.substring(0, section.indexOf("\n## "));
    return section
        .lines()
        .filter(line -> line.startsWith("| ") && !line.startsWith("| fault"))
        .map(line -> line.split("\\|", -1))
        .map(cells -> new Line(cells[1].strip(), names(cells[2]), names(cells[3]), names(cells[4])))
        .toList();
  }

  private static Set<String> names(String cell) {
    return CODE.matcher(cell)
        .results()
        .map(found -> found.group(1))
        .filter(name -> !name.equals("status"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Line row(String begins) {
    List<Line> found = TABLE.stream().filter(line -> line.fault().startsWith(begins)).toList();
    assertThat(found).as("rows that begin with: %s", begins).hasSize(1);
    return found.get(0);
  }

  @Test
  void eachFaultOfTheSuiteHasARowThatSaysWhatItsTestAsserts() {
    for (FaultKind kind : FaultKind.values()) {
      Sign sign = Signs.of(kind);
      Line row = row(sign.row());
      List<String> metrics = sign.metrics().stream().map(Metric::name).toList();
      assertThat(row.metrics()).as("%s", kind).containsAll(metrics);
      assertThat(row.alerts()).as("%s", kind).containsAll(sign.alerts());
      assertThat(row.logged()).as("%s", kind).containsAll(sign.logged());
      assertThat(row.logged()).as("%s", kind).containsAll(sign.loggedAfter());
    }
  }

  @Test
  void whateverARowPromisesIsAssertedByATest() {
    Set<String> logged = new TreeSet<>();
    for (FaultKind kind : FaultKind.values()) {
      logged.addAll(Signs.of(kind).logged());
      logged.addAll(Signs.of(kind).loggedAfter());
    }
    for (Line row : TABLE) {
      List<Sign> signs =
          Arrays.stream(FaultKind.values())
              .map(Signs::of)
              .filter(sign -> row.fault().startsWith(sign.row()))
              .toList();
      String others =
          OTHERS.entrySet().stream()
              .filter(other -> row.fault().startsWith(other.getKey()))
              .flatMap(other -> other.getValue().stream())
              .map(test -> read(TESTS.resolve(test + ".java")))
              .collect(Collectors.joining());
      assertThat(signs.isEmpty() && others.isEmpty()).as("nobody tests: " + row.fault()).isFalse();
      Set<String> metrics = new TreeSet<>();
      signs.forEach(sign -> sign.metrics().forEach(metric -> metrics.add(metric.name())));
      for (String name : row.metrics()) {
        // the pool's is in the cases of its alert
        assertThat(
                metrics.contains(name)
                    || others.contains("\"" + name + "\"")
                    || name.startsWith("hikaricp_"))
            .as(row.fault() + ": " + name)
            .isTrue();
      }
      for (String name : row.logged()) {
        assertThat(logged.contains(name) || others.contains("\"" + name))
            .as(row.fault() + ": " + name)
            .isTrue();
      }
    }
  }

  @Test
  void eachNameExists() {
    String page = read(PAGE);
    String rules = read(RULES);
    String sources = sources();
    for (Line row : TABLE) {
      for (String name : row.metrics()) {
        assertThat(name).as(row.fault()).matches(METRIC);
        if (name.startsWith("gapless_")) {
          String family = name.replaceFirst("_count$", "");
          assertThat(page.contains("\n| `" + family + "` |"))
              .as(row.fault() + ": " + name)
              .isTrue();
        }
      }
      for (String name : row.alerts()) {
        assertThat(rules.contains("alert: " + name + "\n")).as(row.fault() + ": " + name).isTrue();
      }
      for (String name : row.logged()) {
        assertThat(sources.contains("\"" + name)).as(row.fault() + ": " + name).isTrue();
      }
    }
  }

  private static String sources() {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .map(FaultTableTest::read)
          .collect(Collectors.joining());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
