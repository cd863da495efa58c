package dev.gapless.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.Promtool;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Prometheus' own tool reads what we give to Prometheus. */
class AlertRulesTest {
  private static final Path FOLDER = Path.of("conf/prometheus");

  @BeforeAll
  static void require() {
    Promtool.require();
  }

  @Test
  void theRulesRaiseWhatTheCasesExpect() throws Exception {
    assertThat(promtool("", "test", "rules", "gapless.rules.test.yml")).contains("SUCCESS");
  }

  @Test
  void theConfigurationIsValid() throws Exception {
    assertThat(promtool("", "check", "config", "prometheus.yml")).contains("SUCCESS");
  }

  @Test
  void theMetricsOfANodeAreAsTheyShouldBe() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node = ServerNode.start(database, "")) {
      String metrics = node.get("/metrics").body();
      // of the JVM's and the pool's it has opinions, which are not ours to follow
      String ours =
          metrics
              .lines()
              .filter(line -> line.matches("(# (HELP|TYPE) )?gapless_.*"))
              .reduce("", (all, line) -> all + line + "\n");
      assertThat(promtool(ours, "check", "metrics")).isBlank();
      // all of it has to be readable nevertheless
      assertThat(promtool(metrics, "check", "metrics")).doesNotContain("error while linting");
    }
  }

  private static String promtool(String input, String... arguments)
      throws IOException, InterruptedException {
    return Promtool.run(FOLDER, input, arguments);
  }
}
