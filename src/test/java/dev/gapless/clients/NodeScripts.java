package dev.gapless.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** The scripts for node with the packages they need, installed once below {@code target}. */
final class NodeScripts {
  private static final Path FOLDER = Path.of("target/js").toAbsolutePath();

  private NodeScripts() {}

  /** The folder with scripts and {@code node_modules}. */
  static synchronized Path install() throws IOException {
    Files.createDirectories(FOLDER);
    try (var scripts = Files.list(ClientReports.SCRIPTS)) {
      for (Path script : scripts.toList()) {
        Files.copy(
            script, FOLDER.resolve(script.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (!Files.isDirectory(FOLDER.resolve("node_modules/eventsource"))) {
      npmCi();
    }
    return FOLDER;
  }

  private static void npmCi() throws IOException {
    Process npm =
        new ProcessBuilder(List.of("npm", "ci", "--no-audit", "--no-fund"))
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(FOLDER.resolve("npm.log").toFile())
            .start();
    try {
      boolean installed = npm.waitFor(2, TimeUnit.MINUTES) && npm.exitValue() == 0;
      if (!installed && "true".equals(System.getenv("CI"))) {
        Assertions.fail("npm ci failed");
      }
      Assumptions.assumeTrue(installed, "npm ci failed, as it does without a network");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      npm.destroyForcibly();
    }
  }
}
