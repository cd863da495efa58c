package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.BrokenBuild;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What each step of the algorithm is for: a build without it goes wrong within the model of {@link
 * HeadModelTest}. The table in docs/guarantees.md is what this finds; after a change run it with
 * {@code -Dgapless.docs.write=on} and commit what it wrote.
 */
class HeadStepsTest {
  private static final Path PAGE = Path.of("docs/guarantees.md");
  private static final String BEGIN = "<!-- begin steps -->\n";
  private static final String END = "<!-- end steps -->";

  private static final Map<HeadStep, String> FOUND = new EnumMap<>(HeadStep.class);

  @ParameterizedTest
  @EnumSource
  void isMissed(HeadStep step) throws Exception {
    String trace = shortestTrace(step);
    System.out.println(step + ": " + trace);
    assertThat(trace).isNotEmpty();
  }

  /** The world is not what is broken. */
  @ParameterizedTest
  @EnumSource
  void isAllThatIsMissing(HeadStep step) {
    assertThat(new BrokenHeadProbe().apply(step.name())).isEmpty();
  }

  @Test
  void theGuaranteesShowTheTable() throws Exception {
    StringBuilder table = new StringBuilder("| step | without it | the shortest way to it |\n");
    table.append("|---|---|---|\n");
    for (HeadStep step : HeadStep.values()) {
      BrokenBuild build = step.without();
      table.append(
          "| %s<br>`%s` | %s | %s |%n"
              .formatted(step.words(), step, build.removed(), shortestTrace(step)));
    }
    String page = Files.readString(PAGE);
    int from = page.indexOf(BEGIN) + BEGIN.length();
    int to = page.indexOf(END);
    assertThat(to).as("the marks of the table").isGreaterThanOrEqualTo(from);
    if (System.getProperty("gapless.docs.write") != null) {
      Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
      return;
    }
    assertThat(page.substring(from, to))
        .as("run this test with -Dgapless.docs.write=on to bring the page up to date")
        .isEqualTo(table.toString());
  }

  private static String shortestTrace(HeadStep step) throws ReflectiveOperationException {
    String known = FOUND.get(step);
    if (known == null) {
      UnaryOperator<?> probe =
          step.without().create(UnaryOperator.class, BrokenHeadProbe.class.getName());
      @SuppressWarnings("unchecked")
      UnaryOperator<String> inTheBrokenBuild = (UnaryOperator<String>) probe;
      known = inTheBrokenBuild.apply(step.name());
      FOUND.put(step, known);
    }
    return known;
  }
}
