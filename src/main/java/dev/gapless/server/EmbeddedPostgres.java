package dev.gapless.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A PostgreSQL of our own on 127.0.0.1: its programs come from the class path, its data live in one
 * folder.
 *
 * <p>It runs in a session of its own, so Ctrl-C in a terminal does not reach it: whoever started it
 * stops it when nothing needs it any more. It outlives a killed JVM; {@link #start()} on the same
 * folder then stops what was left behind in an orderly way and starts afresh.
 *
 * <p>Works as root (PostgreSQL then runs as {@code postgres} or {@code nobody}, which also owns the
 * folder) and as an ordinary user. Thread-safe; methods block.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  /** How PostgreSQL is asked to stop. */
  public enum StopMode {
    /** Waits for all clients to leave. */
    SMART,
    /** Rolls back what is running, disconnects everybody, writes a checkpoint. */
    FAST,
    /** Without a checkpoint: the next start recovers as after a crash. */
    IMMEDIATE
  }

  private static final Duration STOP_LIMIT = Duration.ofSeconds(60);

  private final EmbeddedPostgresSettings settings;
  private final PostgresPrograms programs;
  private final ClusterFolder folder;
  private int port;

  private EmbeddedPostgres(EmbeddedPostgresSettings settings, PostgresPrograms programs) {
    this.settings = settings;
    this.programs = programs;
    this.folder = new ClusterFolder(settings, programs);
    this.port = settings.port();
  }

  /** Unpacks the programs; nothing runs yet. */
  public static EmbeddedPostgres create(EmbeddedPostgresSettings settings) {
    return new EmbeddedPostgres(
        settings,
        new PostgresPrograms(
            PostgresBinaries.unpack(settings.cache()),
            UnprivilegedUser.choose(settings.dataDirectory())));
  }

  /**
   * Creates the data directory if need be and starts PostgreSQL on it. When this returns it accepts
   * connections.
   *
   * @throws PostgresStartException with a message for the operator: the folder belongs to another
   *     major version, the port is taken, PostgreSQL does not start
   */
  public synchronized void start() {
    Path data = settings.dataDirectory();
    try {
      folder.prepare();
      // Whoever ran it before died without stopping it, and its parameters may not be ours.
      stop(StopMode.FAST);
      PostmasterFile.removeIfStale(data);
      requireFreePort();
      folder.writeParameters(port);
      Command.Result result =
          programs.run(
              "pg_ctl",
              data,
              settings.startLimit().plusSeconds(5),
              visible ->
                  List.of(
                      "start",
                      "-D",
                      visible,
                      "-w",
                      "-s",
                      "-t",
                      seconds(settings.startLimit()),
                      "-l",
                      visible + "/start.log"));
      if (!result.succeeded()) {
        throw new PostgresStartException(
            "PostgreSQL in "
                + data
                + " does not start: "
                + result.output().strip()
                + "\n"
                + folder.lastWords());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start PostgreSQL in " + data, e);
    }
  }

  /** Stops it and waits until it has ended. Nothing happens when it does not run. */
  public synchronized void stop(StopMode mode) {
    if (!isRunning()) {
      return;
    }
    Path data = settings.dataDirectory();
    try {
      Command.Result result =
          programs.run(
              "pg_ctl",
              data,
              STOP_LIMIT.plusSeconds(5),
              visible ->
                  List.of(
                      "stop",
                      "-D",
                      visible,
                      "-w",
                      "-s",
                      "-t",
                      seconds(STOP_LIMIT),
                      "-m",
                      mode.name().toLowerCase(Locale.ROOT)));
      if (!result.succeeded() && isRunning()) {
        throw new PostgresStartException(
            "PostgreSQL in " + data + " does not stop: " + result.output().strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot stop PostgreSQL in " + data, e);
    }
  }

  /** Stops it in an orderly way, clients or not. */
  @Override
  public void close() {
    stop(StopMode.FAST);
  }

  public boolean isRunning() {
    return process().isPresent();
  }

  /** Its first process, the one that accepts connections. Empty when it does not run. */
  public Optional<ProcessHandle> process() {
    return PostmasterFile.running(settings.dataDirectory());
  }

  /** Known after the first start, and the same ever after. */
  public synchronized int port() {
    return port;
  }

  public Path dataDirectory() {
    return settings.dataDirectory();
  }

  /** Without user and password. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port() + "/" + database;
  }

  /** The major version of the programs, such as 18. */
  public int majorVersion() {
    return programs.majorVersion();
  }

  private void requireFreePort() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
      port = socket.getLocalPort();
    } catch (IOException e) {
      throw new PostgresStartException(
          "port " + port + " on 127.0.0.1 is taken by another program", e);
    }
  }

  private static String seconds(Duration duration) {
    return Long.toString(duration.toSeconds());
  }
}
