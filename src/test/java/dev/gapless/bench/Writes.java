package dev.gapless.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;

/**
 * Commits a second of single events: ours beside the same table without its trigger, beside
 * notifying in the transaction, and beside one lock for all writers. No node runs; a listener does.
 */
final class Writes {
  private static final long ROUND = TimeUnit.SECONDS.toNanos(4);
  private static final String COLUMNS =
      "(owner, path, type, data) VALUES ('acme', '/bench', 'note', '{\"n\": 1}')";

  private Writes() {}

  static void run(int rounds) {
    for (int writers : List.of(16, 64)) {
      Outcome outcome = new Outcome("commits/s, " + writers + " writers");
      try (Site site = new Site(1, "")) {
        site.execute(
            "CREATE TABLE plain (LIKE gapless.events INCLUDING DEFAULTS INCLUDING GENERATED"
                + " INCLUDING CONSTRAINTS INCLUDING IDENTITY) PARTITION BY RANGE (id);"
                + " CREATE TABLE plain_1 PARTITION OF plain FOR VALUES FROM (1) TO (1000000000);"
                + " ALTER TABLE plain ADD PRIMARY KEY (id)");
        DataSource pool = site.pool(writers);
        Map<String, List<String>> kinds = new LinkedHashMap<>();
        kinds.put("plain inserts, no order", List.of("INSERT INTO plain " + COLUMNS));
        kinds.put(
            "INSERT into the log (trigger)", List.of("INSERT INTO gapless.events " + COLUMNS));
        kinds.put(
            "append in the writer's transaction",
            List.of("SELECT gapless.publish('acme', '/bench', 'note', '{\"n\": 1}')"));
        kinds.put(
            "insert + pg_notify in the transaction",
            List.of("INSERT INTO plain " + COLUMNS, "SELECT pg_notify('bench', '')"));
        kinds.put(
            "insert under one advisory lock",
            List.of("SELECT pg_advisory_xact_lock(42)", "INSERT INTO plain " + COLUMNS));
        kinds.values().forEach(statements -> commits(pool, writers, statements));
        for (int i = 0; i < rounds; i++) {
          kinds.forEach(
              (name, statements) -> outcome.add(name, commits(pool, writers, statements)));
          double plain = outcome.last("plain inserts, no order");
          for (String name : List.copyOf(kinds.keySet()).subList(1, kinds.size())) {
            outcome.add("  ratio to plain: " + name, outcome.last(name) / plain);
          }
          outcome.add(
              "  append, ratio to the lock",
              outcome.last("append in the writer's transaction")
                  / outcome.last("insert under one advisory lock"));
        }
      }
      outcome.print();
    }
  }

  private static double commits(DataSource pool, int writers, List<String> statements) {
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      long end = System.nanoTime() + ROUND;
      List<Future<Long>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        running.add(threads.submit(() -> commitUntil(pool, statements, end)));
      }
      long commits = 0;
      for (Future<Long> one : running) {
        commits += one.get(60, TimeUnit.SECONDS);
      }
      return commits / (ROUND / 1e9);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  private static long commitUntil(DataSource pool, List<String> statements, long end)
      throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(statements.size() == 1);
      List<PreparedStatement> prepared = new ArrayList<>();
      for (String statement : statements) {
        prepared.add(connection.prepareStatement(statement));
      }
      long commits = 0;
      while (end - System.nanoTime() > 0) {
        for (PreparedStatement statement : prepared) {
          statement.execute();
        }
        if (prepared.size() > 1) {
          connection.commit();
        }
        commits++;
      }
      connection.setAutoCommit(true);
      return commits;
    }
  }
}
