package dev.gapless.testkit;

import dev.gapless.server.Main;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The server as a process of its own, started the way its users do, in a working directory of its
 * own. Closing it kills it if it still runs, and stops a PostgreSQL that it left behind.
 */
public final class ServerProcess implements AutoCloseable {
  private static final Pattern URL = Pattern.compile("Gapless is listening on (\\S+)");
  private static final Duration START = Duration.ofSeconds(60);

  private final Process process;
  private final Path output;
  private final Path directory;

  private ServerProcess(Process process, Path output, Path directory) {
    this.process = process;
    this.output = output;
    this.directory = directory;
  }

  /** Starts it and returns at once. */
  public static ServerProcess launch(
      Path directory, Map<String, String> environment, String... arguments) {
    // Quick to start; nothing is measured in such a process.
    List<String> jvm = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    return launch(directory, environment, jvm, List.of(), arguments);
  }

  /**
   * Starts it and returns at once.
   *
   * @param jvm options such as {@code -Dgapless.…=…}
   * @param ahead class path entries that win over the server's own classes
   */
  public static ServerProcess launch(
      Path directory,
      Map<String, String> environment,
      List<String> jvm,
      List<Path> ahead,
      String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.addAll(List.of("-cp", classPath(ahead), Main.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("GAPLESS_"));
    builder.environment().putAll(environment);
    return launch(directory, builder);
  }

  /**
   * Starts a program that becomes the server, and returns at once.
   *
   * @param environment all the variables that it gets
   */
  public static ServerProcess launchCommand(
      Path directory, Map<String, String> environment, List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return launch(directory, builder);
  }

  private static ServerProcess launch(Path directory, ProcessBuilder builder) {
    try {
      Files.createDirectories(directory);
      Path output = Files.createTempFile(directory, "server-", ".out");
      builder
          .directory(directory.toFile())
          .redirectErrorStream(true)
          .redirectOutput(output.toFile());
      return new ServerProcess(builder.start(), output, directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it on a free port and waits until it listens. */
  public static ServerProcess start(
      Path directory, Map<String, String> environment, String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    if (!all.contains("--port")) {
      all.addAll(List.of("--port", "0"));
    }
    ServerProcess server = launch(directory, environment, all.toArray(String[]::new));
    try {
      server.awaitListening();
      return server;
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  public void awaitListening() {
    Awaitility.await("server listens")
        .atMost(START)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> {
              if (!process.isAlive()) {
                throw new IllegalStateException("server ended:\n" + output());
              }
              return URL.matcher(output()).find();
            });
  }

  /** Such as {@code http://127.0.0.1:8080}. */
  public String url() {
    Matcher matcher = URL.matcher(output());
    if (!matcher.find()) {
      throw new IllegalStateException("the server has not said where it listens:\n" + output());
    }
    return matcher.group(1);
  }

  /** All it has printed so far, on both outputs. */
  public String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Process process() {
    return process;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** SIGTERM, and its end awaited. Returns the exit status. */
  public int stop() {
    process.destroy();
    return awaitEnd();
  }

  /** SIGSTOP: it stands still, and its sockets stay open, until {@link #resume}. */
  public void pause() {
    signal("STOP");
  }

  /** SIGCONT. */
  public void resume() {
    signal("CONT");
  }

  private void signal(String name) {
    try {
      Process kill =
          new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start();
      if (kill.waitFor() != 0) {
        throw new IllegalStateException("no such process any more");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** SIGKILL; its PostgreSQL stays behind. */
  public void kill9() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Waits until it has ended by itself. Returns the exit status. */
  public int awaitEnd() {
    try {
      if (!process.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("server does not end:\n" + output());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      kill9();
    }
    try {
      TestFolders.endPostgresBelow(directory.resolve("data"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Without what only the tests have. */
  private static String classPath(List<Path> ahead) {
    Stream<String> own =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.endsWith("test-classes") && !entry.endsWith("test-classes/"));
    return Stream.concat(ahead.stream().map(Path::toString), own)
        .collect(Collectors.joining(File.pathSeparator));
  }
}
