package dev.gapless.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/**
 * A node of its own: server processes that follow each other on one port, in one working directory.
 * Closing it kills what runs, fails if the logs hold {@link #MARKER}, and removes the directory.
 */
public final class ServerNode implements AutoCloseable {
  /** Part of every owner, path and payload of the acceptance tests: no log may hold it. */
  public static final String MARKER = "MARKER7";

  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Duration READY = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name = "n" + NUMBER.incrementAndGet();
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private final Path directory = TestFolders.create(name);
  private final int port = freePort();
  private final Optional<String> databaseUrl;
  private final NodeOptions options;
  private final List<ServerProcess> processes = new CopyOnWriteArrayList<>();
  private volatile Optional<String> token = Optional.empty();

  private ServerNode(Optional<String> databaseUrl, NodeOptions options) {
    this.databaseUrl = databaseUrl;
    this.options = options;
    closeWithTheJvm();
    try {
      Files.createDirectories(directory.resolve("conf"));
      Files.writeString(directory.resolve("conf/application.conf"), options.config());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** On a database, started and ready. The configuration is HOCON, such as {@code gapless.…}. */
  public static ServerNode start(TestDatabase database, String config) {
    return start(database.jdbcUrl(), config);
  }

  public static ServerNode start(String jdbcUrl, String config) {
    return start(jdbcUrl, NodeOptions.config(config));
  }

  public static ServerNode start(String jdbcUrl, NodeOptions options) {
    return new ServerNode(Optional.of(jdbcUrl), options).start();
  }

  /** Not started: {@link #launch} and {@link #awaitReady} start several at once. */
  public static ServerNode create(String jdbcUrl, NodeOptions options) {
    return new ServerNode(Optional.of(jdbcUrl), options);
  }

  /** With its own PostgreSQL below its working directory. */
  public static ServerNode startWithOwnPostgres(String config) {
    return new ServerNode(Optional.empty(), NodeOptions.config(config)).start();
  }

  /** A new process, after the last one has ended. Returns when it is ready. */
  public ServerNode start() {
    launch();
    try {
      awaitReady();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    return this;
  }

  /** Also if a test forgets to close it, no process outlives the tests. */
  private void closeWithTheJvm() {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> processes.forEach(ServerProcess::close), "stop-" + name));
  }

  /** A new process, after the last one has ended. Returns at once. */
  public void launch() {
    Map<String, String> environment = new HashMap<>(options.environment());
    environment.put("GAPLESS_NODE", name);
    databaseUrl.ifPresent(url -> environment.put("GAPLESS_DATABASE_URL", url));
    processes.add(
        ServerProcess.launch(
            directory,
            environment,
            options.jvm(),
            options.ahead(),
            "--port",
            Integer.toString(port)));
  }

  public void awaitReady() {
    Awaitility.await("node is ready")
        .atMost(READY)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              if (!process().isAlive()) {
                throw new IllegalStateException("the server ended:\n" + process().output());
              }
              return isReady();
            });
  }

  /** Whether {@code GET /health/ready} says so; false as well if nobody answers. */
  public boolean isReady() {
    try {
      return get("/health/ready").statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** SIGTERM, its end awaited. */
  public void stop() {
    process().stop();
  }

  public void kill9() {
    process().kill9();
  }

  /** SIGSTOP: it stands still, with all its sockets open, until {@link #resume}. */
  public void pause() {
    process().pause();
  }

  public void resume() {
    process().resume();
  }

  /** Shown with every request from now on. */
  public void useToken(String bearer) {
    token = Optional.of(bearer);
  }

  /** The process that runs now, or ran last. */
  public ServerProcess process() {
    return processes.get(processes.size() - 1);
  }

  public int port() {
    return port;
  }

  public String url() {
    return "http://127.0.0.1:" + port;
  }

  /** As in PostgreSQL's {@code application_name}, without the prefix {@code gapless/}. */
  public String name() {
    return name;
  }

  public Path directory() {
    return directory;
  }

  /** Prefers JSON. */
  public HttpResponse<String> get(String target) {
    return send(
        HttpRequest.newBuilder(URI.create(url() + target))
            .header("Accept", "application/json")
            .GET());
  }

  /** {@code POST /v1/events}; headers as names and values by turns. */
  public HttpResponse<String> publish(String json, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + "/v1/events"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request);
  }

  public HttpResponse<String> putFile(String ownerAndPath, String contents) {
    return send(
        HttpRequest.newBuilder(URI.create(url() + "/v1/files/" + ownerAndPath))
            .PUT(BodyPublishers.ofString(contents)));
  }

  public HttpResponse<String> send(HttpRequest.Builder request) {
    token.ifPresent(bearer -> request.header("Authorization", "Bearer " + bearer));
    try {
      return http.send(request.timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** {@code GET /v1/status}. */
  public JsonNode status() {
    return json(get("/v1/status"));
  }

  public static JsonNode json(HttpResponse<String> response) {
    try {
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Everything that all its processes have printed and logged. */
  public String output() {
    return processes.stream().map(ServerProcess::output).collect(Collectors.joining());
  }

  /** Fails if a log line holds the marker. */
  public void assertLogsAreClean() {
    List<String> lines = output().lines().filter(line -> line.contains(MARKER)).limit(5).toList();
    if (!lines.isEmpty()) {
      throw new AssertionError("a log holds what only clients may know: " + lines);
    }
  }

  @Override
  public void close() {
    processes.forEach(ServerProcess::close);
    try {
      assertLogsAreClean();
    } finally {
      try {
        TestFolders.delete(directory);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
