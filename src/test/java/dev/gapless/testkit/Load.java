package dev.gapless.testkit;

import static dev.gapless.testkit.ServerNode.MARKER;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * Writers that make life hard for a reader: one to five rows in a transaction, one in ten rolled
 * back, some rows only to a savepoint, random pauses before the commit. Closing it waits for their
 * end.
 */
public final class Load implements AutoCloseable {
  public static final int OWNERS = 5;

  private final ExecutorService threads;
  private final List<Future<?>> running = new ArrayList<>();
  private volatile boolean stopped;

  private Load(int writers) {
    threads = Executors.newFixedThreadPool(writers);
  }

  /** One of the owners written to. */
  public static String owner(int number) {
    return "acme-" + MARKER + "-" + number;
  }

  /** The folder below which about half of the events are. */
  public static String orders() {
    return "/orders-" + MARKER + "/";
  }

  /** Begins to write and goes on until it is closed. */
  public static Load start(DataSource source, int writers, long seed) {
    return start(source, writers, seed, false);
  }

  /** Goes on when the database fails under it, on new connections. */
  public static Load startStubborn(DataSource source, int writers, long seed) {
    return start(source, writers, seed, true);
  }

  private static Load start(DataSource source, int writers, long seed, boolean stubborn) {
    System.out.printf("%d writers, seed %d%n", writers, seed);
    Load load = new Load(writers);
    for (int i = 0; i < writers; i++) {
      Random random = new Random(seed * 1_000 + i);
      load.running.add(
          load.threads.submit(
              () -> {
                while (!load.stopped) {
                  try {
                    load.write(source, random);
                  } catch (SQLException e) {
                    if (!stubborn) {
                      throw e;
                    }
                    LockSupport.parkNanos(50_000_000);
                  }
                }
                return null;
              }));
    }
    return load;
  }

  private void write(DataSource source, Random random) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO gapless.events (owner, path, type, data)"
                    + " VALUES (?, ?, ?, jsonb_build_object('note', '"
                    + MARKER
                    + "'))")) {
      connection.setAutoCommit(false);
      while (!stopped) {
        transaction(connection, insert, random);
      }
    }
  }

  private static void transaction(Connection connection, PreparedStatement insert, Random random)
      throws SQLException {
    int rows = 1 + random.nextInt(5);
    for (int i = 0; i < rows; i++) {
      Savepoint savepoint = random.nextInt(8) == 0 ? connection.setSavepoint() : null;
      insert.setString(1, owner(random.nextInt(OWNERS)));
      insert.setString(2, (random.nextBoolean() ? orders() : "/pub/") + random.nextInt(50));
      insert.setString(3, "order.changed");
      insert.executeUpdate();
      if (savepoint != null) {
        connection.rollback(savepoint);
      }
    }
    if (random.nextInt(3) == 0) {
      LockSupport.parkNanos(random.nextInt(5_000_000));
    } else if (random.nextInt(50) == 0) {
      LockSupport.parkNanos(random.nextInt(60_000_000));
    }
    if (random.nextInt(10) == 0) {
      connection.rollback();
    } else {
      connection.commit();
    }
  }

  public void runFor(Duration duration) {
    LockSupport.parkNanos(duration.toNanos());
  }

  @Override
  public void close() throws Exception {
    stopped = true;
    threads.shutdown();
    for (Future<?> writer : running) {
      writer.get(60, TimeUnit.SECONDS);
    }
  }
}
