package dev.gapless.bench;

import dev.gapless.event.EventDraft;
import dev.gapless.log.EventLog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
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
 * Commits a second of single events, each in a transaction of its writer: ours beside a table of
 * the same columns and indexes, beside the log's own table without its triggers, beside notifying
 * in the transaction, and beside one lock for all writers. First while nobody follows, which is
 * what the writers themselves pay; then while a node does, which shares the cores with them.
 */
final class Writes {
  private static final long ROUND = TimeUnit.SECONDS.toNanos(3);

  private static final String LIMIT = "a table of the same columns";
  private static final String TABLE = "the log's table without triggers";
  private static final String TRIGGER = "INSERT into the log";
  private static final String APPEND = "append";
  private static final String NOTIFY = "insert + pg_notify";
  private static final String LOCK = "insert under one advisory lock";

  private static final String VALUES =
      " (owner, path, type, data) VALUES (?, ?, ?, ?::jsonb) RETURNING id, created_at";

  private static final String TABLES =
      """
      CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        owner text COLLATE "C" NOT NULL, path text COLLATE "C" NOT NULL,
        type text COLLATE "C" NOT NULL, data jsonb,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp());
      CREATE INDEX ON bare (owner, id);
      CREATE TABLE silent (LIKE gapless.events INCLUDING ALL) PARTITION BY RANGE (id);
      CREATE TABLE silent_1 PARTITION OF silent FOR VALUES FROM (1) TO (1000000000);
      """;

  /** What a writer does in one transaction. */
  @FunctionalInterface
  private interface Write {
    void in(Connection connection) throws SQLException;
  }

  private Writes() {}

  static void run(int rounds) {
    for (boolean followed : List.of(false, true)) {
      for (int writers : List.of(16, 64)) {
        try (Site site = new Site(1, "")) {
          site.execute(TABLES);
          if (!followed) {
            site.closeNode(0);
          }
          String who = followed ? "a node follows" : "nobody follows";
          run(new Outcome("commits/s, " + writers + " writers, " + who), rounds, site, writers);
        }
      }
    }
  }

  private static void run(Outcome outcome, int rounds, Site site, int writers) {
    EventLog log = EventLog.create();
    List<EventDraft> draft = List.of(EventDraft.of("acme", "/bench", "note", "{\"n\": 1}"));
    Map<String, Write> kinds = new LinkedHashMap<>();
    kinds.put(LIMIT, connection -> insert(connection, "bare"));
    kinds.put(TABLE, connection -> insert(connection, "silent"));
    kinds.put(TRIGGER, connection -> insert(connection, "gapless.events"));
    kinds.put(APPEND, connection -> log.append(connection, draft));
    kinds.put(
        NOTIFY,
        connection -> {
          insert(connection, "silent");
          select(connection, "SELECT pg_notify('bench', '')");
        });
    kinds.put(
        LOCK,
        connection -> {
          select(connection, "SELECT pg_advisory_xact_lock(42)");
          insert(connection, "silent");
        });
    DataSource pool = site.pool(writers);
    kinds.values().forEach(write -> commits(pool, writers, write));
    for (int i = 0; i < rounds; i++) {
      kinds.forEach((name, write) -> outcome.add(name, commits(pool, writers, write)));
      ratio(outcome, TRIGGER, TABLE);
      ratio(outcome, APPEND, TABLE);
      ratio(outcome, APPEND, LIMIT);
      ratio(outcome, NOTIFY, TABLE);
      ratio(outcome, LOCK, TABLE);
      ratio(outcome, APPEND, LOCK);
    }
    outcome.print();
  }

  private static void ratio(Outcome outcome, String one, String other) {
    outcome.add("  " + one + " : " + other, outcome.last(one) / outcome.last(other));
  }

  /** As an application inserts. */
  private static void insert(Connection connection, String table) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO " + table + VALUES)) {
      statement.setString(1, "acme");
      statement.setString(2, "/bench");
      statement.setString(3, "note");
      statement.setString(4, "{\"n\": 1}");
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        row.getLong(1);
        row.getObject(2, OffsetDateTime.class);
      }
    }
  }

  private static void select(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    }
  }

  private static double commits(DataSource pool, int writers, Write write) {
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      long end = System.nanoTime() + ROUND;
      List<Future<Long>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        running.add(threads.submit(() -> commitUntil(pool, write, end)));
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

  private static long commitUntil(DataSource pool, Write write, long end) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      long commits = 0;
      while (end - System.nanoTime() > 0) {
        write.in(connection);
        connection.commit();
        commits++;
      }
      connection.setAutoCommit(true);
      return commits;
    }
  }
}
