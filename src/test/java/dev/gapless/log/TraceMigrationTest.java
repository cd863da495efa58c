package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Event;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGStatement;

/** The trace context comes to a log that is in use, with nodes of the release before beside. */
class TraceMigrationTest {
  private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  private static final int ROWS = 25_000;

  private static final String OLD_INSERT =
      "INSERT INTO gapless.events (owner, path, type, data) VALUES (?, ?, ?, ?::jsonb)"
          + " RETURNING id, created_at";
  private static final String OLD_PAGE =
      "SELECT id, owner, path, type, data::text, created_at, true, 0 FROM (SELECT * FROM"
          + " gapless.events AS e WHERE e.id > ? AND (e.id, 0) <= (?, 0) ORDER BY e.id LIMIT 128)"
          + " AS e ORDER BY id LIMIT ?";

  private final LogSettings settings = TestLogs.settings().withPartitions(10_000, 3);
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void releaseBefore() throws SQLException {
    database = TestDatabase.create();
    connection = database.dataSource().getConnection();
    Flyway.configure()
        .dataSource(database.dataSource())
        .locations("classpath:dev/gapless/log/migration")
        .defaultSchema(LogNames.SCHEMA)
        .table("schema_history")
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .target("3")
        .load()
        .migrate();
    Partitions.create(settings).ensureAhead(connection);
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/' || i, 't'"
            + " FROM generate_series(1, "
            + ROWS
            + ") i");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void theRowsStayAsTheyAreAndNewOnesCarryIt() throws SQLException {
    String files = files();
    LogMigration.migrate(database.dataSource(), settings);
    // nothing was written anew
    assertThat(files()).startsWith(files);
    List<Event> before = events(0, ROWS);
    assertThat(before).hasSize(ROWS).allMatch(event -> event.traceparent().isEmpty());

    Sql.run(connection, "SET gapless.traceparent = '" + TRACE + "'");
    // into the partitions that were there, and those that come now
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/' || i, 't'"
            + " FROM generate_series(1, 15000) i");
    Partitions.create(settings).ensureAhead(connection);
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/' || i, 't'"
            + " FROM generate_series(1, 15000) i");
    assertThat(events(ROWS, 30_000))
        .hasSize(30_000)
        .allMatch(event -> event.traceparent().filter(TRACE::equals).isPresent());
    assertThat(
            Sql.number(
                connection,
                "SELECT count(*) FROM pg_inherits i WHERE inhparent = 'gapless.events'::regclass"
                    + " AND NOT EXISTS (SELECT FROM pg_attrdef d JOIN pg_attribute a ON attnum ="
                    + " adnum AND a.attrelid = adrelid WHERE adrelid = inhrelid AND attname ="
                    + " 'traceparent')"))
        .as("partitions without the default")
        .isZero();
    assertThat(
            Sql.number(
                connection,
                "SELECT count(*) FROM pg_inherits i WHERE inhparent = 'gapless.events'::regclass"
                    + " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = inhrelid AND"
                    + " conname = 'events_traceparent_valid')"))
        .as("partitions without the constraint")
        .isZero();
  }

  /** What they have prepared stays usable, and they never wait for long. */
  @Test
  void nodesOfTheReleaseBeforeGoOn() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(5);
    AtomicBoolean done = new AtomicBoolean();
    try {
      List<Future<Integer>> running = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        running.add(threads.submit(() -> goOn(done)));
      }
      long last = last();
      Awaitility.await("they write").until(() -> last() > last + 200);
      LogMigration.migrate(database.dataSource(), settings);
      long migrated = last();
      Awaitility.await("they write on").until(() -> last() > migrated + 200);
      done.set(true);
      for (Future<Integer> one : running) {
        assertThat(one.get(30, TimeUnit.SECONDS)).isPositive();
      }
      assertThat(Sql.number(connection, "SELECT count(traceparent) FROM gapless.events")).isZero();
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
  }

  @Test
  void itWaitsForAParkedWriterInShortTries() throws Exception {
    ExecutorService node = Executors.newSingleThreadExecutor();
    try (Connection parked = database.dataSource().getConnection()) {
      parked.setAutoCommit(false);
      Sql.run(parked, "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')");
      Future<?> migration =
          node.submit(() -> LogMigration.migrate(database.dataSource(), settings));
      Awaitility.await("it waits")
          .until(
              () ->
                  Sql.number(
                          connection,
                          "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation ="
                              + " 'gapless.events'::regclass AND mode = 'AccessExclusiveLock'")
                      == 1);
      // behind it in the queue, and through when it gives up
      Sql.run(
          connection,
          "SET lock_timeout = '10s'",
          "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/b', 't')");
      assertThat(migration.isDone()).isFalse();
      parked.commit();
      migration.get(30, TimeUnit.SECONDS);
    } finally {
      node.shutdownNow();
    }
    assertThat(events(ROWS, 10)).hasSize(2);
  }

  /** Writes and reads as the release before does, with statements prepared on the server. */
  private int goOn(AtomicBoolean done) throws SQLException {
    int rounds = 0;
    try (Connection own = database.dataSource().getConnection();
        PreparedStatement insert = own.prepareStatement(OLD_INSERT);
        PreparedStatement page = own.prepareStatement(OLD_PAGE)) {
      insert.unwrap(PGStatement.class).setPrepareThreshold(1);
      page.unwrap(PGStatement.class).setPrepareThreshold(1);
      while (!done.get()) {
        insert.setString(1, "o");
        insert.setString(2, "/old");
        insert.setString(3, "t");
        insert.setString(4, "{}");
        long id;
        try (ResultSet row = insert.executeQuery()) {
          row.next();
          id = row.getLong(1);
        }
        page.setLong(1, id - 1);
        page.setLong(2, id);
        page.setInt(3, 100);
        try (ResultSet row = page.executeQuery()) {
          assertThat(row.next()).isTrue();
          assertThat(row.getLong(1)).isEqualTo(id);
        }
        rounds++;
      }
    }
    return rounds;
  }

  private long last() throws SQLException {
    return Sql.number(connection, "SELECT max(id) FROM gapless.events");
  }

  private String files() throws SQLException {
    return Sql.text(
        connection,
        "SELECT string_agg(inhrelid::regclass || '=' || pg_relation_filenode(inhrelid), ','"
            + " ORDER BY inhrelid) FROM pg_inherits"
            + " WHERE inhparent = 'gapless.events'::regclass");
  }

  /** Those after the position. */
  private List<Event> events(long after, int count) throws SQLException {
    return HeadReads.create().rows(connection, after + 1, Long.MAX_VALUE, count, 1 << 30);
  }
}
