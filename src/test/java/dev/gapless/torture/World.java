package dev.gapless.torture;

import dev.gapless.event.Cursor;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.server.PostgresStartException;
import dev.gapless.testkit.MovableClock;
import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.PostgresProxy;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SmallDisk;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.awaitility.Awaitility;

/**
 * A PostgreSQL of its own, server processes on it, and a network of ours between each pair. One
 * world serves many runs after each other; what a run expects begins where the log stood then.
 */
final class World implements AutoCloseable {
  /** A server process with what is between it and the others. */
  record Node(
      ServerNode server,
      PostgresProxy database,
      TcpProxy clients,
      Optional<MovableClock> clock,
      Optional<Membership> membership) {}

  // Small places to run out of, so that every way through the code is taken within seconds; a
  // heartbeat a second, since a heartbeat carries a position.
  private static final String SETTINGS =
      """
      gapless {
        drain = 200 ms
        housekeeping = 5 s
        log.partition-size = 250000
        hub {
          ring-events = 1024
          inbox-events = 64
          page-events = 50
          page-scan = 400
          heartbeat = 1 s
          cache-bytes = 4 MiB
        }
        http.retry = 100 ms
        server {
          shutdown-deadline = 2 s
          database { pool-size = 10, start-timeout = 3 minutes, socket-timeout = 5 s }
        }
        files { clean-interval = 2 s, grace = 5 s, staging-timeout = 20 s, min-rate-window = 5 s }
      }
      """;

  private static final int DISK_MEGABYTES = 600;

  /** A busy machine takes its time to start several nodes at once. */
  private static final Duration START = Duration.ofMinutes(4);

  /** An idle node polls twice a second, which takes about a hundredth of a core. */
  private static final double BUSY = 0.5;

  final TestDatabase database;
  private final Optional<SmallDisk> disk;
  final List<Node> nodes = new ArrayList<>();
  private final List<NodeFootprint> footprints = new ArrayList<>();
  private final ReentrantLock postgres = new ReentrantLock();
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(3))
          .build();

  /**
   * @param ahead folders that stand before all others on the servers' class path
   * @param clock of the first node, where clocks can be moved
   * @param cluster whether the nodes are members of one
   */
  World(int nodes, List<Path> ahead, Optional<MovableClock> clock, boolean cluster) {
    Map<String, String> parameters =
        Map.of(
            "max_prepared_transactions",
            "30",
            // what does not wait for the disk does not reach it by itself
            "wal_writer_delay",
            "10000ms",
            "max_wal_size",
            "256MB");
    disk = SmallDisk.isPossible() ? Optional.of(SmallDisk.mount(DISK_MEGABYTES)) : Optional.empty();
    database =
        disk.map(small -> TestDatabase.ownClusterWithTablesOn(small, parameters))
            .orElseGet(() -> TestDatabase.ownCluster(parameters));
    try {
      execute("ALTER DATABASE " + database.name() + " SET gapless.notify = 'on'");
      for (int i = 0; i < nodes; i++) {
        this.nodes.add(
            create(
                ahead,
                i == 0 ? clock : Optional.empty(),
                cluster ? Optional.of(Membership.create(i)) : Optional.empty()));
      }
      this.nodes.forEach(node -> node.server().launch());
      awaitReady(START);
      if (cluster && !new ClusterVerdict(this, List.of()).together().isEmpty()) {
        throw new IllegalStateException("they form no cluster");
      }
      for (int i = 0; i < Names.USERS; i++) {
        register(Names.user(i));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** A user's first write does; until then a stream of theirs is answered 404. */
  private void register(String user) {
    Awaitility.await("a first file")
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> putFile(0, user, "/pub/first", "x").statusCode() / 100 == 2);
  }

  private Node create(
      List<Path> ahead, Optional<MovableClock> clock, Optional<Membership> membership) {
    PostgresProxy proxy = PostgresProxy.to(database);
    NodeOptions options =
        NodeOptions.config(SETTINGS + membership.map(Membership::config).orElse(""))
            .quick()
            .withClassesAhead(ahead.toArray(Path[]::new));
    if (clock.isPresent()) {
      options = options.withClock(clock.get());
    }
    ServerNode server = ServerNode.create(proxy.jdbcUrl(database), options);
    return new Node(server, proxy, TcpProxy.to(server.port()), clock, membership);
  }

  Node node(int number) {
    return nodes.get(Math.floorMod(number, nodes.size()));
  }

  /** Where clients of a node connect. */
  int port(int number) {
    return node(number).clients().port();
  }

  /** One statement (or several) on a connection of its own. */
  void execute(String sql) {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** As {@link #execute}, but PostgreSQL may be away. */
  void attempt(String sql) {
    try {
      execute(sql);
    } catch (IllegalStateException away) {
      // the fault that it was meant to be did not happen
    }
  }

  List<String> texts(String sql) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
    return texts;
  }

  /** All events after a position, in order. */
  List<Row> rowsAfter(long position) {
    List<Row> found = new ArrayList<>();
    try (Connection connection = database.dataSource().getConnection()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(5_000);
        try (ResultSet rows =
            statement.executeQuery(
                "SELECT id, owner, path, type, (extract(epoch FROM created_at) * 1000000)::bigint"
                    + " FROM gapless.events WHERE id > "
                    + position
                    + " ORDER BY id")) {
          while (rows.next()) {
            long micros = rows.getLong(5);
            found.add(
                new Row(
                    rows.getLong(1),
                    rows.getString(2).intern(),
                    rows.getString(3),
                    rows.getString(4).intern(),
                    Instant.ofEpochSecond(
                        Math.floorDiv(micros, 1_000_000L),
                        Math.floorMod(micros, 1_000_000L) * 1_000)));
          }
        }
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  HttpResponse<String> publish(int node, String json, String key) {
    return send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(node) + "/v1/events"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString(json)));
  }

  HttpResponse<String> putFile(int node, String user, String path, String contents) {
    return send(file(node, user, path).PUT(BodyPublishers.ofString(contents)));
  }

  HttpResponse<String> deleteFile(int node, String user, String path) {
    return send(file(node, user, path).DELETE());
  }

  private HttpRequest.Builder file(int node, String user, String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + port(node) + "/v1/files/" + user + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.timeout(Duration.ofSeconds(4)).build(), BodyHandlers.ofString());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  void fillDisk() {
    disk.ifPresent(SmallDisk::fill);
  }

  void freeDisk() {
    disk.ifPresent(SmallDisk::free);
  }

  /** Down for so long; does nothing if somebody else has it down already. */
  void postgresDown(Optional<StopMode> mode, Duration lasts) {
    if (!postgres.tryLock()) {
      return;
    }
    try {
      if (mode.isPresent()) {
        database.stop(mode.get());
      } else {
        database.kill9();
      }
      LockSupport.parkNanos(lasts.toNanos());
      startPostgres();
    } finally {
      postgres.unlock();
    }
  }

  /** While it was down, somebody's connection may have been given its port for a moment. */
  private void startPostgres() {
    Awaitility.await("start of PostgreSQL")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              try {
                database.start();
                return true;
              } catch (PostgresStartException e) {
                System.out.println("tried again: " + e.getMessage());
                return false;
              }
            });
  }

  /** Everything passes, runs and answers again. */
  void heal() {
    freeDisk();
    postgres.lock();
    try {
      if (!database.isRunning()) {
        startPostgres();
      }
    } finally {
      postgres.unlock();
    }
    for (Node node : nodes) {
      healNetwork(node);
      resume(node);
      if (!node.server().process().isAlive()) {
        node.server().launch();
      }
    }
    try {
      for (String gid : texts("SELECT gid FROM pg_prepared_xacts")) {
        attempt("ROLLBACK PREPARED '" + gid + "'");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  static void resume(Node node) {
    if (node.server().process().isAlive()) {
      node.server().resume();
    }
  }

  static void healNetwork(Node node) {
    node.database().all().flow(TcpProxy.Flow.PASS);
    node.database().all().delay(Duration.ZERO);
    node.database().all().accepting(true);
    node.database().swallowNotifications(false);
    for (PostgresProxy.Use use : PostgresProxy.Use.values()) {
      node.database().flow(use, TcpProxy.Flow.PASS);
    }
    node.clients().flow(TcpProxy.Flow.PASS);
    node.clients().accepting(true);
    node.membership().ifPresent(Membership::heal);
    node.clock().ifPresent(clock -> clock.jumpTo(Duration.ZERO));
  }

  /** Fails unless every node says that it is ready, with time for one that has to start. */
  void awaitReady() {
    awaitReady(START);
  }

  private void awaitReady(Duration atMost) {
    for (Node node : nodes) {
      AtomicInteger restarts = new AtomicInteger();
      Awaitility.await("readiness of a node whose faults are healed")
          .atMost(atMost)
          .pollInterval(Duration.ofMillis(20))
          .until(
              () -> {
                if (node.server().process().isAlive()) {
                  return node.server().isReady();
                }
                // as whoever supervises it would do: what it met at its start is healed now
                if (restarts.getAndIncrement() == 2) {
                  throw new IllegalStateException("ended:\n" + node.server().process().output());
                }
                node.server().launch();
                return false;
              });
    }
  }

  List<Membership> memberships() {
    return nodes.stream().flatMap(node -> node.membership().stream()).toList();
  }

  /**
   * What the nodes hold while no client is there. Not before a first run: what is needed once and
   * kept would count as growth.
   */
  void rememberFootprints() {
    for (Node node : nodes) {
      footprints.add(NodeFootprint.of(node.server(), database.dataSource()));
    }
  }

  /** What a node has not given back since then; nothing if nothing was remembered. */
  List<String> leaks() {
    List<String> leaks = new ArrayList<>();
    for (int i = 0; i < footprints.size(); i++) {
      try {
        footprints.get(i).assertNothingLeaked(nodes.get(i).server(), database.dataSource());
      } catch (AssertionError e) {
        leaks.add("" + e.getMessage());
      }
      double cpu = NodeFootprint.cpu(nodes.get(i).server(), Duration.ofSeconds(2));
      if (cpu > BUSY) {
        leaks.add("an idle node uses %.2f of a core".formatted(cpu));
      }
    }
    return leaks;
  }

  /** The last event there is, as a cursor. */
  Cursor last() {
    List<Row> rows = rowsAfter(maxId() - 1);
    return rows.isEmpty()
        ? Cursor.EARLIEST
        : Cursor.parse(rows.get(rows.size() - 1).cursor()).orElseThrow();
  }

  private long maxId() {
    try {
      return Long.parseLong(texts("SELECT coalesce(max(id), 1)::text FROM gapless.events").get(0));
    } catch (SQLException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    for (Node node : nodes) {
      node.clients().close();
      resume(node);
      node.server().close();
      node.database().close();
      node.membership().ifPresent(Membership::close);
    }
    database.close();
    disk.ifPresent(SmallDisk::close);
  }
}
