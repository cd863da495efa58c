package dev.gapless.testkit;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Prometheus' own tool. */
public final class Promtool {
  private Promtool() {}

  public static boolean isThere() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "promtool")));
  }

  /** Skips the test where it is missing; fails it where this is CI. */
  public static void require() {
    if (!isThere()) {
      String reason = "no promtool here (Debian: apt-get install prometheus)";
      if ("true".equals(System.getenv("CI"))) {
        throw new AssertionError(reason);
      }
      System.out.println("skipped: " + reason);
      Assumptions.abort(reason);
    }
  }

  /** All that it says. */
  public static String run(Path folder, String input, String... arguments)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Stream.concat(Stream.of("promtool"), List.of(arguments).stream()).toList())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    try (var to = process.getOutputStream()) {
      to.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }
}
