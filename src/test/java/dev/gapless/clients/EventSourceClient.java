package dev.gapless.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** The clients with an {@code EventSource}: two browsers and the package of npm. */
enum EventSourceClient {
  CHROMIUM("chromium") {
    @Override
    List<String> command(Path folder, String url) {
      return List.of(
          "chromium",
          "--headless=new",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-dev-shm-usage",
          "--disable-background-networking",
          "--no-first-run",
          "--remote-debugging-port=0",
          "--user-data-dir=" + folder,
          url);
    }
  },
  FIREFOX("firefox-esr") {
    @Override
    List<String> command(Path folder, String url) throws IOException {
      Files.writeString(
          folder.resolve("user.js"),
          """
          user_pref("browser.shell.checkDefaultBrowser", false);
          user_pref("datareporting.policy.dataSubmissionEnabled", false);
          user_pref("app.normandy.enabled", false);
          user_pref("network.captive-portal-service.enabled", false);
          user_pref("network.connectivity-service.enabled", false);
          """);
      return List.of(
          "firefox-esr",
          "--headless",
          "--no-remote",
          "--new-instance",
          "--profile",
          folder.toString(),
          url);
    }
  },
  NODE("npm") {
    @Override
    List<String> command(Path folder, String url) throws IOException {
      return List.of("node", NodeScripts.install().resolve("node-subscriber.mjs").toString(), url);
    }
  };

  private final String needs;

  EventSourceClient(String needs) {
    this.needs = needs;
  }

  abstract List<String> command(Path folder, String url) throws IOException;

  /** Opens the page of a browser, or has the script of node ask what to subscribe to, there. */
  Running start(String url) {
    requireInstalled(needs);
    try {
      // not deleted afterwards: a browser's helpers may write to it for a moment longer
      Path folder =
          Files.createTempDirectory(Files.createDirectories(Path.of("target/clients")), "run-")
              .toAbsolutePath();
      Path log = folder.resolve("client.log");
      ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command(folder, url)));
      // the browsers keep what they write out of the home of whoever runs the tests
      builder.environment().put("HOME", folder.toString());
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      return new Running(builder.start(), folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Without the program the test is skipped, but not where the build promises to have it. */
  static void requireInstalled(String program) {
    boolean installed =
        List.of(System.getenv("PATH").split(":")).stream()
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    if (!installed && "true".equals(System.getenv("CI"))) {
      Assertions.fail(program + " is not installed");
    }
    Assumptions.assumeTrue(installed, program + " is not installed");
  }

  /** A client that runs until it is closed, with a folder of its own. */
  record Running(Process process, Path folder) implements AutoCloseable {
    @Override
    public void close() {
      List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
      all.add(process.toHandle());
      all.forEach(ProcessHandle::destroyForcibly);
      try {
        process.waitFor(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
