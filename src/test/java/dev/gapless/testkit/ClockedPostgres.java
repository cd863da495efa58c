package dev.gapless.testkit;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** A PostgreSQL that lives by a clock which can jump. */
final class ClockedPostgres {
  private ClockedPostgres() {}

  /** Stops it and starts the same program on the same data, by this clock. */
  static void restart(TestCluster cluster, MovableClock clock) {
    ProcessHandle running = cluster.postmaster();
    String program = running.info().command().orElseThrow();
    List<String> command = TestCluster.asUser(running.info().user().orElseThrow());
    // for the program alone: what runs before it has another user
    command.add("env");
    clock.environment().forEach((name, value) -> command.add(name + "=" + value));
    command.addAll(List.of(program, "-D", cluster.dataDirectory().toString()));
    cluster.stop(StopMode.FAST);
    try {
      Path output = Files.createTempFile(TestFolders.ofThisProcess(), "postgres-", ".log");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(new File("/"))
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      Awaitility.await("PostgreSQL by another clock")
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                if (!process.isAlive()) {
                  throw new IllegalStateException(Files.readString(output));
                }
                return accepts(cluster);
              });
      Files.delete(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean accepts(TestCluster cluster) {
    try {
      return cluster.query("SELECT 1").equals("1");
    } catch (IllegalStateException e) {
      return false;
    }
  }
}
