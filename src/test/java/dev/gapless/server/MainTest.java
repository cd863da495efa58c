package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void helpNamesEveryOptionAndVariable() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("--config", "--port", "--database-url", "--data", "--help", "--version")
        .contains("GAPLESS_CONFIG", "GAPLESS_PORT", "GAPLESS_DATABASE_URL", "GAPLESS_LOG_FORMAT");
  }

  @Test
  void versionIsPrinted() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("gapless ");
  }

  @Test
  void unknownArgumentsAreRefusedWithoutAStack() {
    assertThat(run("--colour", "red")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("--colour").doesNotContain("\tat ");
  }

  @Test
  void refusalsAreOneLine() {
    assertThat(run("--port", "many")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .singleElement()
        .satisfies(line -> assertThat(line).startsWith("gapless: gapless.server.port"));
  }

  @Test
  void anUnknownLogFormatIsRefused() {
    assertThat(run(Map.of("GAPLESS_LOG_FORMAT", "xml"))).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("GAPLESS_LOG_FORMAT", "text, json");
  }

  private int run(String... arguments) {
    return run(Map.of(), arguments);
  }

  private int run(Map<String, String> environment, String... arguments) {
    return Main.run(
        arguments,
        environment,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }
}
