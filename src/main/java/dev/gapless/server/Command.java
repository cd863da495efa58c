package dev.gapless.server;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs a short program to its end. */
final class Command {
  /** How it ended and what it printed on both outputs. */
  record Result(int status, String output) {
    boolean succeeded() {
      return status == 0;
    }

    boolean succeededWith(String expected) {
      return succeeded() && output.trim().equals(expected);
    }
  }

  private Command() {}

  /** Empty when the program is not there or cannot be started. */
  static Optional<Result> tryRun(List<String> command, Duration limit) {
    try {
      return Optional.of(run(command, limit));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * @throws IOException if the program cannot be started
   * @throws PostgresStartException if it does not end within the limit (it is killed then)
   */
  static Result run(List<String> command, Duration limit) throws IOException {
    // A file, not a pipe: a daemon that inherits the pipe would keep its reader waiting.
    Path output = Files.createTempFile("gapless-command", ".out");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              // The user we change to may not be able to enter our own working directory.
              .directory(new File("/"))
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(output.toFile());
      Map<String, String> environment = builder.environment();
      // PostgreSQL's programs take settings from PG* variables, which are not meant for them here.
      environment.keySet().removeIf(name -> name.startsWith("PG"));
      environment.put("LC_ALL", "C");
      Process process = builder.start();
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new PostgresStartException(
            Path.of(command.get(0)).getFileName() + " did not end within " + limit);
      }
      return new Result(process.exitValue(), Files.readString(output));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PostgresStartException("interrupted while running a program", e);
    } finally {
      deleteQuietly(output);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
