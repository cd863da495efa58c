package dev.gapless.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import javax.sql.DataSource;

/**
 * Connections that insert events, one statement in a transaction of its own, until they are closed.
 * Remembers when each was acknowledged. Thread-safe.
 */
final class Writers implements AutoCloseable {
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type, data)"
          + " SELECT ?, '/bench', 'note', jsonb_build_object('text', repeat('x', ?))"
          + " FROM generate_series(1, ?) RETURNING id";

  /** Nanoseconds by position; positions begin with 1 in a new log. */
  private final AtomicReference<long[]> acknowledged = new AtomicReference<>(new long[1 << 16]);

  private final AtomicLong events = new AtomicLong();
  private final ExecutorService threads;
  private final List<Future<?>> running = new ArrayList<>();
  private final LongFunction<String> owners;
  private final int textBytes;
  private final int rows;
  private volatile boolean stopped;

  private Writers(int threads, int rows, int textBytes, LongFunction<String> owners) {
    this.threads = Executors.newFixedThreadPool(threads);
    this.owners = owners;
    this.textBytes = textBytes;
    this.rows = rows;
  }

  /**
   * As fast as they can.
   *
   * @param rows of one transaction
   */
  static Writers flatOut(DataSource source, int threads, int rows, int textBytes, String owner) {
    Writers writers = new Writers(threads, rows, textBytes, number -> owner);
    for (int i = 0; i < threads; i++) {
      writers.start(source, Long.MAX_VALUE, 0, 0);
    }
    return writers;
  }

  /** Single events at an even rate, all threads together. */
  static Writers paced(
      DataSource source, int threads, int perSecond, int textBytes, LongFunction<String> owners) {
    Writers writers = new Writers(threads, 1, textBytes, owners);
    long step = TimeUnit.SECONDS.toNanos(threads) / perSecond;
    for (int i = 0; i < threads; i++) {
      writers.start(source, Long.MAX_VALUE, step, i * step / threads);
    }
    return writers;
  }

  private void start(DataSource source, long most, long step, long offset) {
    long first = System.nanoTime() + offset;
    running.add(
        threads.submit(
            () -> {
              try (Connection connection = source.getConnection();
                  PreparedStatement insert = connection.prepareStatement(INSERT)) {
                for (long i = 0; i < most && !stopped; i++) {
                  if (step > 0) {
                    Pace.until(first + i * step);
                  }
                  insert(insert);
                }
              }
              return null;
            }));
  }

  private void insert(PreparedStatement insert) throws SQLException {
    long number = events.addAndGet(rows);
    insert.setString(1, owners.apply(number));
    insert.setInt(2, textBytes);
    insert.setInt(3, rows);
    try (ResultSet ids = insert.executeQuery()) {
      long now = System.nanoTime();
      while (ids.next()) {
        acknowledge(ids.getLong(1), now);
      }
    }
  }

  private void acknowledge(long position, long now) {
    synchronized (acknowledged) {
      long[] all = acknowledged.get();
      if (position >= all.length) {
        long[] more = new long[(int) Math.max(2L * all.length, position + 1)];
        System.arraycopy(all, 0, more, 0, all.length);
        acknowledged.set(more);
        all = more;
      }
      all[(int) position] = now;
    }
  }

  /** When the event at a position was acknowledged, by {@link System#nanoTime}; 0 if it was not. */
  long acknowledged(long position) {
    long[] all = acknowledged.get();
    return position < all.length ? all[(int) position] : 0;
  }

  long events() {
    return events.get();
  }

  /** The last transactions have ended when it returns. */
  @Override
  public void close() {
    stopped = true;
    threads.shutdown();
    try {
      for (Future<?> writer : running) {
        writer.get(60, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a writer failed", e);
    }
  }
}
