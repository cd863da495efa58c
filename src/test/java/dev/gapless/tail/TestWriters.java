package dev.gapless.tail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * Writers that make life hard for a reader: one to five rows in a transaction, some rolled back,
 * some only to a savepoint, pauses before the commit. And the naive reader that loses events.
 */
final class TestWriters {
  private TestWriters() {}

  /** Runs them for a while and waits for their end. */
  static void run(DataSource source, int writers, Duration duration, long seed) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      long end = System.nanoTime() + duration.toNanos();
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        Random random = new Random(seed * 1000 + i);
        running.add(
            threads.submit(
                () -> {
                  write(source, random, end);
                  return null;
                }));
      }
      for (Future<?> writer : running) {
        writer.get(duration.toSeconds() + 60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static void write(DataSource source, Random random, long end) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/p', 'put')")) {
      connection.setAutoCommit(false);
      while (System.nanoTime() < end) {
        int rows = 1 + random.nextInt(5);
        for (int i = 0; i < rows; i++) {
          Savepoint savepoint = random.nextInt(8) == 0 ? connection.setSavepoint() : null;
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
    }
  }

  /** Reads {@code id > last} over and over, as people do, and remembers what it saw. */
  static final class NaiveReader implements AutoCloseable {
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final List<Long> seen = new ArrayList<>();
    private final Thread thread;

    NaiveReader(DataSource source) {
      thread = new Thread(() -> read(source), "naive-reader");
      thread.start();
    }

    private void read(DataSource source) {
      try (Connection connection = source.getConnection();
          PreparedStatement select =
              connection.prepareStatement(
                  "SELECT id FROM gapless.events WHERE id > ? ORDER BY id")) {
        long last = 0;
        boolean more = true;
        while (more) {
          more = running.get();
          select.setLong(1, last);
          try (ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
              last = rows.getLong(1);
              seen.add(last);
            }
          }
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Ends it. */
    int seen() throws InterruptedException {
      close();
      return seen.size();
    }

    @Override
    public void close() throws InterruptedException {
      running.set(false);
      thread.join();
    }
  }
}
