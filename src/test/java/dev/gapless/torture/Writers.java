package dev.gapless.torture;

import dev.gapless.testkit.ServerNode;
import dev.gapless.torture.Plans.WriterPlan;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The writers of a run, each on a thread of its own: whatever fails is tried again in the next
 * transaction, so that they go on as soon as they can.
 */
final class Writers implements AutoCloseable {
  static final String APPLICATION = "torture-writer";

  private static final List<String> TYPES =
      List.of("order.created", "order.changed", "order.changed", "order.changed", "rare");

  private final World world;
  private final Duration pause;
  private final String run;
  private final PGSimpleDataSource source;
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
  private final List<String> surprises = new ArrayList<>();
  private final AtomicInteger number = new AtomicInteger();
  private volatile boolean notifying = true;
  private volatile boolean asynchronous;
  private volatile boolean stopped;

  /**
   * @param run names what this run writes, apart from all other runs in the world
   */
  Writers(World world, Duration pause, String run) {
    this.world = world;
    this.pause = pause;
    this.run = run;
    source = world.database.dataSource();
    source.setApplicationName(APPLICATION);
    source.setSocketTimeout(20);
    source.setConnectTimeout(5);
  }

  void start(List<WriterPlan> plans) {
    for (WriterPlan plan : plans) {
      Thread thread = new Thread(() -> run(plan), "writer-" + plan.number());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  void notifying(boolean yes) {
    notifying = yes;
  }

  void asynchronous(boolean yes) {
    asynchronous = yes;
  }

  /** The paths of what was acknowledged over HTTP, each with its position. */
  Map<String, Long> acknowledged() {
    return Map.copyOf(acknowledged);
  }

  /** Answers that no fault explains. */
  synchronized List<String> surprises() {
    return List.copyOf(surprises);
  }

  private void run(WriterPlan plan) {
    SplittableRandom random = new SplittableRandom(plan.seed());
    while (!stopped) {
      try {
        switch (plan.kind()) {
          case HTTP -> http(random);
          case FILES -> file(random);
          default -> sql(plan, random);
        }
      } catch (SQLException | UncheckedIOException | java.io.IOException away) {
        LockSupport.parkNanos(50_000_000);
      }
    }
  }

  private void sql(WriterPlan plan, SplittableRandom random)
      throws SQLException, java.io.IOException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      while (!stopped) {
        if (!notifying || plan.kind() == Plans.Kind.PREPARED) {
          statement.execute("SET LOCAL gapless.notify = off");
        }
        if (asynchronous) {
          statement.execute("SET LOCAL synchronous_commit = off");
          statement.execute("SET LOCAL gapless.allow_async = on");
        }
        switch (plan.kind()) {
          case FUNCTION -> function(connection, random);
          case COPY -> copy(connection, random);
          default -> rows(connection, random);
        }
        park(random);
        end(plan, connection, statement, random);
        pause(random);
      }
    }
  }

  private void end(
      WriterPlan plan, Connection connection, Statement statement, SplittableRandom random)
      throws SQLException {
    if (plan.kind() == Plans.Kind.TERMINATED && random.nextInt(6) == 0) {
      world.attempt(
          "SELECT pg_terminate_backend("
              + connection.unwrap(PGConnection.class).getBackendPID()
              + ")");
    }
    if (plan.kind() == Plans.Kind.PREPARED && !asynchronous) {
      String gid = run + "-" + number.incrementAndGet();
      statement.execute("PREPARE TRANSACTION '" + gid + "'");
      connection.commit();
      park(random);
      connection.setAutoCommit(true);
      statement.execute(
          (random.nextInt(4) == 0 ? "ROLLBACK" : "COMMIT") + " PREPARED '" + gid + "'");
      connection.setAutoCommit(false);
    } else if (random.nextInt(10) == 0) {
      connection.rollback();
    } else {
      connection.commit();
    }
  }

  private void rows(Connection connection, SplittableRandom random) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO gapless.events (owner, path, type, data) VALUES (?, ?, ?,"
                + " jsonb_build_object('note', 1))")) {
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        Savepoint savepoint = random.nextInt(8) == 0 ? connection.setSavepoint() : null;
        insert.setString(1, owner(random));
        insert.setString(2, path(random));
        insert.setString(3, type(random));
        insert.executeUpdate();
        if (savepoint != null) {
          connection.rollback(savepoint);
        }
      }
    }
  }

  private static void function(Connection connection, SplittableRandom random) throws SQLException {
    try (PreparedStatement call =
        connection.prepareStatement("SELECT gapless.publish(?, ?, ?, '{\"total\":12}')")) {
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        call.setString(1, owner(random));
        call.setString(2, path(random));
        call.setString(3, type(random));
        call.execute();
      }
    }
  }

  private static void copy(Connection connection, SplittableRandom random)
      throws SQLException, java.io.IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = random.nextInt(1, 20); i > 0; i--) {
      lines.append("%s\t%s\t%s%n".formatted(owner(random), path(random), type(random)));
    }
    connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn(
            "COPY gapless.events (owner, path, type) FROM STDIN",
            new StringReader(lines.toString()));
  }

  private void http(SplittableRandom random) {
    String key = run + "-" + number.incrementAndGet();
    String path = "/http/" + key;
    String json =
        """
        {"owner":"%s","path":"%s","type":"%s","data":{"total":12}}"""
            .formatted(owner(random), path, type(random));
    // to the end, so that the outcome is known
    while (true) {
      try {
        HttpResponse<String> answer = world.publish(random.nextInt(8), json, key);
        if (answer.statusCode() == 201) {
          long id = ServerNode.json(answer).get("events").get(0).get("id").asLong();
          acknowledged.put(path, id);
          pause(random);
          return;
        }
        expect(answer, 503);
      } catch (UncheckedIOException away) {
        // no answer: try again
      }
      LockSupport.parkNanos(100_000_000);
      if (stopped && random.nextInt(10) == 0) {
        return;
      }
    }
  }

  private void file(SplittableRandom random) {
    String user = Names.user(random.nextInt(Names.USERS));
    String path = "/pub/" + (random.nextBoolean() ? "a" : "b") + "/" + random.nextInt(20);
    try {
      if (random.nextInt(4) == 0) {
        expect(world.deleteFile(random.nextInt(8), user, path), 204, 404, 503);
      } else {
        expect(
            world.putFile(random.nextInt(8), user, path, "x".repeat(random.nextInt(5_000))),
            200,
            201,
            503);
      }
      pause(random);
    } catch (UncheckedIOException away) {
      LockSupport.parkNanos(100_000_000);
    }
  }

  private void expect(HttpResponse<String> answer, int... statuses) {
    for (int status : statuses) {
      if (answer.statusCode() == status) {
        return;
      }
    }
    synchronized (this) {
      surprises.add(
          answer.request().method() + " answered " + answer.statusCode() + " " + answer.body());
    }
  }

  private static String owner(SplittableRandom random) {
    return Names.owner(random.nextInt(Names.OWNERS));
  }

  private static String path(SplittableRandom random) {
    return Names.folder(random.nextInt(3)) + random.nextInt(10);
  }

  private static String type(SplittableRandom random) {
    return TYPES.get(random.nextInt(TYPES.size()));
  }

  /** Before the commit: mostly not at all, so that transactions overlap in all ways. */
  private static void park(SplittableRandom random) {
    if (random.nextInt(3) == 0) {
      LockSupport.parkNanos(random.nextLong(5_000_000));
    } else if (random.nextInt(40) == 0) {
      LockSupport.parkNanos(random.nextLong(80_000_000));
    }
  }

  private void pause(SplittableRandom random) {
    LockSupport.parkNanos(random.nextLong(pause.toNanos() * 2));
  }

  /** After it nothing is written any more, and nothing is in doubt. */
  @Override
  public void close() {
    stopped = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    for (Thread thread : threads) {
      try {
        thread.join(60_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (thread.isAlive()) {
        throw new IllegalStateException(thread.getName() + " does not end");
      }
    }
  }
}
