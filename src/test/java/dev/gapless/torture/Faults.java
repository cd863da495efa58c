package dev.gapless.torture;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.PostgresProxy.Use;
import dev.gapless.testkit.TcpProxy.Flow;
import dev.gapless.torture.World.Node;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes the faults of a schedule happen. Every method returns when its fault is over, whatever else
 * was going on meanwhile; what could not be healed, because something else was broken, {@link
 * World#heal} heals at the end.
 */
final class Faults {
  private static final Duration LATENCY = Duration.ofMillis(200);
  private static final int BULK = 100_000;

  private final World world;
  private final Writers writers;
  private final List<Subscriber> subscribers;
  private final ClusterFaults cluster;
  private final Map<FaultKind, Integer> injected = new EnumMap<>(FaultKind.class);
  private final List<Span> spans = new ArrayList<>();

  /** When a fault was there, in {@code nanoTime}; its end includes the restart of what it ended. */
  record Span(FaultKind kind, int node, long begun, long ended) {}

  /**
   * @param whileParted run before a part of the cluster that was downed can come back
   */
  Faults(World world, Writers writers, List<Subscriber> subscribers, Runnable whileParted) {
    this.world = world;
    this.writers = writers;
    this.subscribers = subscribers;
    this.cluster = new ClusterFaults(world, whileParted);
  }

  /** Those that are over. */
  synchronized List<Span> spans() {
    return List.copyOf(spans);
  }

  synchronized Map<FaultKind, Integer> injected() {
    return Map.copyOf(injected);
  }

  void inject(Step step) {
    long begun = System.nanoTime();
    try {
      make(step);
    } finally {
      synchronized (this) {
        spans.add(new Span(step.kind(), step.node(), begun, System.nanoTime()));
      }
    }
  }

  private void make(Step step) {
    Node node = world.node(step.node());
    Duration lasts = step.lasts();
    synchronized (this) {
      injected.merge(step.kind(), 1, Integer::sum);
    }
    switch (step.kind()) {
      case KILL_NODE -> restart(node, node.server()::kill9, lasts);
      case STOP_NODE -> restart(node, node.server()::stop, lasts);
      case PAUSE_NODE -> pause(node, lasts);
      case STOP_POSTGRES -> world.postgresDown(Optional.of(StopMode.FAST), lasts);
      case KILL_POSTGRES -> world.postgresDown(Optional.empty(), lasts);
      case TERMINATE_LISTENER ->
          repeatedly(lasts, () -> terminate(node, "AND query SIMILAR TO 'LISTEN%|SELECT 1'"));
      case TERMINATE_BACKENDS -> terminate(node, "");
      case BLACK_HOLE_LISTENER ->
          between(
              () -> node.database().flow(Use.LISTENER, Flow.BLACK_HOLE),
              lasts,
              () -> node.database().flow(Use.LISTENER, Flow.PASS));
      case BLACK_HOLE_DATABASE ->
          between(
              () -> node.database().all().flow(Flow.BLACK_HOLE),
              lasts,
              () -> node.database().all().flow(Flow.PASS));
      case HOLD_DATABASE ->
          between(
              () -> node.database().all().flow(Flow.HOLD),
              lasts,
              () -> node.database().all().flow(Flow.PASS));
      case CUT_DATABASE ->
          between(
              () -> {
                node.database().all().accepting(false);
                node.database().all().cut();
              },
              lasts,
              () -> node.database().all().accepting(true));
      case RESET_DATABASE -> repeatedly(lasts, node.database().all()::reset);
      case RESET_IN_ANSWER ->
          repeatedly(
              lasts,
              () ->
                  node.database()
                      .resetInAnswer(
                          "gapless.events", 1 + Math.floorMod(step.argument(), 30_000L)));
      case SLOW_DATABASE ->
          between(
              () -> node.database().all().delay(LATENCY),
              lasts,
              () -> node.database().all().delay(Duration.ZERO));
      case NO_NOTIFY ->
          between(() -> writers.notifying(false), lasts, () -> writers.notifying(true));
      case SWALLOW_NOTIFICATIONS ->
          between(
              () -> node.database().swallowNotifications(true),
              lasts,
              () -> node.database().swallowNotifications(false));
      case CLOCK_JUMP -> clockJump(step);
      case DISK_FULL -> between(world::fillDisk, lasts, world::freeDisk);
      case PREPARED_IN_DOUBT -> preparedInDoubt(step);
      case PARKED_WRITER -> parkedWriter(lasts);
      case TERMINATE_WRITERS ->
          world.attempt(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"
                  + Writers.APPLICATION
                  + "' AND state <> 'idle'");
      case BULK -> bulk(step);
      case ASYNC_CRASH -> asyncCrash(lasts);
      case RESET_CLIENTS -> repeatedly(lasts, node.clients()::reset);
      case BLACK_HOLE_CLIENTS ->
          between(
              () -> node.clients().flow(Flow.BLACK_HOLE),
              lasts,
              () -> node.clients().flow(Flow.PASS));
      case STORM -> subscribers.forEach(Subscriber::leave);
      case BLACK_HOLE_ARTERY, BLACK_HOLE_ALL_ARTERY, PARTITION -> cluster.part(step);
      case KILL_SEVERAL -> cluster.killSeveral(step);
      case RESTART_ALL -> cluster.restartAll(lasts);
    }
  }

  private static void between(Runnable begin, Duration lasts, Runnable end) {
    begin.run();
    LockSupport.parkNanos(lasts.toNanos());
    end.run();
  }

  private static void repeatedly(Duration lasts, Runnable fault) {
    long end = System.nanoTime() + lasts.toNanos();
    do {
      fault.run();
      LockSupport.parkNanos(Math.min(lasts.toNanos(), 300_000_000));
    } while (System.nanoTime() < end);
  }

  private static void restart(Node node, Runnable end, Duration lasts) {
    synchronized (node) {
      if (node.server().process().isAlive()) {
        node.server().resume();
        end.run();
      }
      LockSupport.parkNanos(lasts.toNanos());
      node.server().launch();
    }
  }

  private static void pause(Node node, Duration lasts) {
    synchronized (node) {
      if (node.server().process().isAlive()) {
        between(node.server()::pause, lasts, node.server()::resume);
      }
    }
  }

  private void terminate(Node node, String which) {
    world.attempt(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gapless/"
            + node.server().name()
            + "' "
            + which);
  }

  private void clockJump(Step step) {
    // up to a day, either way; only one node's clock can be moved
    Duration jump = Duration.ofSeconds(step.argument() % Duration.ofDays(1).toSeconds());
    world.nodes.stream()
        .flatMap(node -> node.clock().stream())
        .forEach(
            clock ->
                between(() -> clock.jumpTo(jump), step.lasts(), () -> clock.jumpTo(Duration.ZERO)));
  }

  private void preparedInDoubt(Step step) {
    String gid = "in-doubt-" + step.number();
    world.attempt(
        "BEGIN; SET LOCAL gapless.notify = off; INSERT INTO gapless.events (owner, path, type)"
            + " SELECT '"
            + Names.owner(0)
            + "', '/in-doubt', 'order.created' FROM generate_series(1, 3); PREPARE TRANSACTION '"
            + gid
            + "'");
    LockSupport.parkNanos(step.lasts().toNanos() / 2);
    if (step.argument() % 2 == 0) {
      world.postgresDown(Optional.empty(), Duration.ofMillis(100));
    }
    LockSupport.parkNanos(step.lasts().toNanos() / 2);
    world.attempt((step.argument() % 3 == 0 ? "ROLLBACK" : "COMMIT") + " PREPARED '" + gid + "'");
  }

  private void parkedWriter(Duration lasts) {
    try (Connection connection = world.database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute(
          "INSERT INTO gapless.events (owner, path, type) VALUES ('"
              + Names.owner(1)
              + "', '/parked', 'rare')");
      LockSupport.parkNanos(lasts.toNanos());
      connection.commit();
    } catch (SQLException ended) {
      // by another fault
    }
  }

  private void bulk(Step step) {
    boolean rollsBack = step.argument() % 4 != 0;
    world.attempt(
        "BEGIN; INSERT INTO gapless.events (owner, path, type) SELECT 'bulk', '/bulk', 'bulk' FROM"
            + " generate_series(1, "
            + (rollsBack ? BULK : BULK / 20)
            + "); "
            + (rollsBack ? "ROLLBACK" : "COMMIT"));
  }

  private void asyncCrash(Duration lasts) {
    writers.asynchronous(true);
    LockSupport.parkNanos(Math.max(lasts.toNanos(), 300_000_000));
    world.postgresDown(Optional.empty(), Duration.ofMillis(50));
    writers.asynchronous(false);
  }
}
