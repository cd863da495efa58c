package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Outcome;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log of 45,000 events, 10,000 to a partition. */
class RetentionRunTest {
  private static final String P1 = "gapless.events_p1";
  private static final String P10001 = "gapless.events_p10001";
  private static final String P20001 = "gapless.events_p20001";
  private static final String P30001 = "gapless.events_p30001";
  private static final RetentionSettings OFF =
      settings(Optional.empty(), OptionalLong.empty(), OptionalLong.empty());

  private final LogSettings settings = TestLogs.settings().withPartitions(10_000, 3);
  private final Partitions partitions = Partitions.create(settings);
  private TestDatabase database;
  private Connection connection;
  private Cursor head;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.migrate(TestDatabase.create(), settings);
    connection = database.dataSource().getConnection();
    fill(10_000, "3 h");
    fill(10_000, "2 h");
    fill(10_000, "2 h");
    fill(10_000, "3 h");
    fill(5_000, "1 min");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void keepsEverythingUnlessALimitIsSet() throws SQLException {
    assertThat(run(RetentionRun.create(OFF))).isEmpty();
    assertThat(kept()).isEqualTo(45_000);
  }

  @Test
  void byAgeGoesWhatHasNoYoungEventInIt() throws SQLException {
    // written while the clock was right, below rows that were written while it was not
    Sql.run(
        connection,
        "UPDATE gapless.events SET created_at = clock_timestamp() - interval '30 min'"
            + " WHERE id = 25000");
    RetentionSettings age = settings(Duration.ofHours(1));
    RetentionRun retention = RetentionRun.create(age);
    assertThat(run(retention)).containsExactly(P1 + " AGE 10000", P10001 + " AGE 20000");
    assertThat(run(retention)).isEmpty();
    Sql.run(
        connection,
        "UPDATE gapless.events SET created_at = clock_timestamp() - interval '61 min'"
            + " WHERE id = 25000");
    assertThat(run(retention)).as("no second look before it can be too old").isEmpty();
    assertThat(run(RetentionRun.create(age)))
        .containsExactly(P20001 + " AGE 30000", P30001 + " AGE 40000");
    assertThat(kept()).isEqualTo(5_000);
  }

  @Test
  void bySizeGoesWhatIsTooMuch() throws SQLException {
    long all =
        Sql.number(
            connection,
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
                + " WHERE inhparent = 'gapless.events'::regclass");
    long one = Sql.number(connection, "SELECT pg_total_relation_size('" + P1 + "')");
    RetentionSettings bytes =
        settings(Optional.empty(), OptionalLong.of(all - one - one / 2), OptionalLong.empty());
    assertThat(run(RetentionRun.create(bytes)))
        .containsExactly(P1 + " BYTES 10000", P10001 + " BYTES 20000");
    assertThat(kept()).isEqualTo(25_000);
  }

  @Test
  void byCountSoManyEventsStayWhateverWasRolledBack() throws SQLException {
    RetentionRun retention = RetentionRun.create(settings(20_000));
    assertThat(run(retention)).containsExactly(P1 + " EVENTS 10000", P10001 + " EVENTS 20000");
    connection.setAutoCommit(false);
    insert(9_000, "1 min");
    connection.rollback();
    connection.setAutoCommit(true);
    partitions.ensureAhead(connection);
    assertThat(run(retention)).isEmpty();
    fill(4_999, "1 min");
    assertThat(run(retention)).as("19,999 events after it").isEmpty();
    fill(1, "1 min");
    assertThat(run(retention)).containsExactly(P20001 + " EVENTS 30000");
    assertThat(kept()).isEqualTo(20_000);
  }

  @Test
  void nothingGoesAboveTheHeadOrByTheHeadOfAnotherHistory() throws SQLException {
    RetentionSettings one =
        settings(Optional.empty(), OptionalLong.of(1 << 20), OptionalLong.empty());
    Cursor top = head;
    head = new Cursor(top.position(), top.fingerprint() ^ 1);
    assertThat(run(RetentionRun.create(one))).isEmpty();
    head = Cursor.EARLIEST;
    assertThat(run(RetentionRun.create(one))).isEmpty();
    head = cursorAt(20_000);
    assertThat(run(RetentionRun.create(one))).containsExactly(P1 + " BYTES 10000");
    head = cursorAt(20_001);
    assertThat(run(RetentionRun.create(one))).containsExactly(P10001 + " BYTES 20000");
    head = top;
    assertThat(run(RetentionRun.create(one)))
        .containsExactly(P20001 + " BYTES 30000", P30001 + " BYTES 40000");
  }

  @Test
  void nodesThatRunAtOnceRemoveNoMoreThanOne() throws Exception {
    int nodes = 4;
    CyclicBarrier begin = new CyclicBarrier(nodes);
    ExecutorService threads = Executors.newFixedThreadPool(nodes);
    try {
      List<Future<List<String>>> runs = new ArrayList<>();
      for (int i = 0; i < nodes; i++) {
        runs.add(
            threads.submit(
                () -> {
                  try (Connection own = database.dataSource().getConnection()) {
                    begin.await();
                    List<String> removed = new ArrayList<>();
                    RetentionRun retention = RetentionRun.create(settings(20_000));
                    for (int run = 0; run < 10; run++) {
                      retention.run(own, head, one -> removed.add(one.partition()));
                    }
                    return removed;
                  }
                }));
      }
      List<String> removed = new ArrayList<>();
      for (Future<List<String>> run : runs) {
        removed.addAll(run.get(30, TimeUnit.SECONDS));
      }
      assertThat(removed).containsExactlyInAnyOrder(P1, P10001);
    } finally {
      threads.shutdownNow();
    }
    assertThat(kept()).isEqualTo(25_000);
  }

  @Test
  void whatAnotherNodeHasJustRemovedIsNotRemovedTwice() throws SQLException {
    try (Connection other = database.dataSource().getConnection()) {
      List<String> removed = new ArrayList<>();
      Connection slow =
          (Connection)
              Proxy.newProxyInstance(
                  Connection.class.getClassLoader(),
                  new Class<?>[] {Connection.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals("prepareStatement")
                        && arguments[0].toString().contains("pg_try_advisory_lock")) {
                      RetentionRun.create(settings(20_000)).run(other, head, one -> {});
                    }
                    return method.invoke(connection, arguments);
                  });
      RetentionRun.create(settings(20_000)).run(slow, head, one -> removed.add(one.partition()));
      assertThat(removed).isEmpty();
    }
    assertThat(kept()).isEqualTo(25_000);
  }

  @Test
  void theExtentSaysWhatIsLeft() throws SQLException {
    LogExtent all = RetentionRun.create(OFF).run(connection, head, one -> {}).extent();
    assertThat(all.partitions()).isEqualTo(8);
    assertThat(all.earliest()).isEqualTo(Cursor.EARLIEST);
    Cursor mark = cursorAt(20_000);
    LogExtent left =
        RetentionRun.create(settings(20_000)).run(connection, head, one -> {}).extent();
    assertThat(left.partitions()).isEqualTo(6);
    assertThat(left.earliest()).isEqualTo(mark);
    assertThat(left.bytes()).isBetween(1_000_000L, all.bytes() - 1_000_000);
    assertThat(Duration.between(all.oldestAt().orElseThrow(), left.oldestAt().orElseThrow()))
        .isBetween(Duration.ofMinutes(59), Duration.ofMinutes(61));
  }

  @Test
  void aCrashAfterTheMarkIsFinished() throws SQLException {
    storeMarkOfP1();
    assertP1IsFinished();
  }

  @Test
  void aCrashInTheDetachIsFinished() throws Exception {
    try (Connection parked = parked();
        Connection worker = database.dataSource().getConnection()) {
      long pid = Sql.number(worker, "SELECT pg_backend_pid()");
      Thread dying =
          new Thread(
              () -> {
                try {
                  RetentionRun.create(settings(35_000)).run(worker, head, one -> {});
                } catch (SQLException terminated) {
                  // as it should be
                }
              });
      dying.start();
      await().until(() -> pending() == 1);
      Sql.run(connection, "SELECT pg_terminate_backend(" + pid + ")");
      dying.join(20_000);
      parked.commit();
    }
    assertThat(pending()).isEqualTo(1);
    assertP1IsFinished();
  }

  @Test
  void aCrashBeforeTheDropIsFinished() throws SQLException {
    storeMarkOfP1();
    Sql.run(connection, "ALTER TABLE gapless.events DETACH PARTITION " + P1 + " CONCURRENTLY");
    assertP1IsFinished();
  }

  @Test
  void partitionsAreAddedWhateverARemovalWaitsFor() throws Exception {
    // closed in the reverse order: nothing waits for the parked one then
    try (Connection worker = database.dataSource().getConnection();
        Connection parked = parked()) {
      RetentionRun retention = RetentionRun.create(settings(20_000));
      assertThat(retention.run(worker, head, one -> {}).end()).isEqualTo(new Outcome.Waiting(P1));
      assertThat(pending()).isEqualTo(1);
      AtomicBoolean added = new AtomicBoolean();
      ExecutorService thread = Executors.newSingleThreadExecutor();
      Future<Integer> attempts =
          thread.submit(
              () -> {
                int attempt = 0;
                // back to back, as no node would
                while (!added.get()) {
                  assertThat(retention.run(worker, head, one -> {}).end())
                      .isEqualTo(new Outcome.Waiting(P1));
                  attempt++;
                }
                return attempt;
              });
      await().until(() -> finalizing() == 1);
      // beyond what stood ready when it began to wait
      for (int i = 0; i < 4; i++) {
        insert(10_000, "0 s");
        assertThat(partitions.ensureAhead(connection).enough()).isTrue();
      }
      added.set(true);
      System.out.printf(
          "four partitions added during %d attempts to finish a detach%n",
          attempts.get(20, TimeUnit.SECONDS));
      thread.shutdown();
      parked.commit();
      assertThat(run(RetentionRun.create(OFF))).containsExactly(P1 + " UNFINISHED 10000");
    }
  }

  @Test
  void aVacuumOfThePartitionIsWaitedForBeforeReadersAreToldAnything() throws Exception {
    try (Connection worker = database.dataSource().getConnection();
        Connection vacuum = database.dataSource().getConnection()) {
      vacuum.setAutoCommit(false);
      // the lock of a vacuum
      Sql.run(vacuum, "LOCK TABLE " + P1 + " IN SHARE UPDATE EXCLUSIVE MODE");
      ExecutorService thread = Executors.newSingleThreadExecutor();
      Future<Outcome> end =
          thread.submit(
              () -> RetentionRun.create(settings(20_000)).run(worker, head, one -> {}).end());
      await()
          .until(
              () -> Sql.number(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0);
      Sql.run(connection, "SELECT setval('gapless.events_id_seq', 60000)");
      assertThat(partitions.ensureAhead(connection).enough()).isTrue();
      assertThat(end.get(20, TimeUnit.SECONDS)).isEqualTo(new Outcome.Waiting(P1));
      thread.shutdownNow();
      assertThat(HeadReads.create().retired(connection)).isEmpty();
      assertThat(pending()).isZero();
    }
  }

  /** Holds a snapshot and a lock on the log, as a backup by pg_dump does. */
  private Connection parked() throws SQLException {
    Connection parked = database.dataSource().getConnection();
    parked.setAutoCommit(false);
    parked.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    Sql.run(parked, "SELECT count(*) FROM gapless.events");
    return parked;
  }

  private void storeMarkOfP1() throws SQLException {
    Sql.run(
        connection,
        "COMMENT ON TABLE " + P1 + " IS 'gapless: being removed'",
        "INSERT INTO gapless.retired (position, fingerprint) VALUES (10000, "
            + cursorAt(10_000).fingerprint()
            + ")");
  }

  private void assertP1IsFinished() throws SQLException {
    // nothing would be due by itself
    assertThat(run(RetentionRun.create(OFF))).containsExactly(P1 + " UNFINISHED 10000");
    assertThat(Sql.text(connection, "SELECT to_regclass('" + P1 + "')")).isNull();
    assertThat(pending()).isZero();
    assertThat(kept()).isEqualTo(35_000);
    assertThat(run(RetentionRun.create(OFF))).isEmpty();
  }

  /** Name, cause and mark of each partition that went. */
  private List<String> run(RetentionRun retention) throws SQLException {
    List<String> removed = new ArrayList<>();
    RetentionRun.Result result =
        retention.run(
            connection,
            head,
            one ->
                removed.add(
                    Stream.of(one.partition(), one.cause(), one.mark().orElseThrow().position())
                        .map(Object::toString)
                        .reduce((a, b) -> a + " " + b)
                        .orElseThrow()));
    assertThat(result.end()).isEqualTo(new Outcome.NothingToRemove());
    return removed;
  }

  private long kept() throws SQLException {
    return Sql.number(connection, "SELECT count(*) FROM gapless.events");
  }

  private long pending() throws SQLException {
    return Sql.number(connection, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending");
  }

  private long finalizing() throws SQLException {
    return Sql.number(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            + " AND state = 'active' AND query LIKE '%FINALIZE' AND wait_event_type = 'Lock'");
  }

  private void fill(int rows, String age) throws SQLException {
    insert(rows, age);
    partitions.ensureAhead(connection);
    head = HeadReads.create().highestVisible(connection).orElseThrow();
  }

  private void insert(int rows, String age) throws SQLException {
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type, created_at)"
            + " SELECT 'o', '/a', 't', clock_timestamp() - interval '"
            + age
            + "' FROM generate_series(1, "
            + rows
            + ")");
  }

  private Cursor cursorAt(long position) throws SQLException {
    return CursorRead.of(connection, position).event().orElseThrow();
  }

  private static RetentionSettings settings(Duration age) {
    return settings(Optional.of(age), OptionalLong.empty(), OptionalLong.empty());
  }

  private static RetentionSettings settings(long events) {
    return settings(Optional.empty(), OptionalLong.empty(), OptionalLong.of(events));
  }

  private static RetentionSettings settings(
      Optional<Duration> age, OptionalLong bytes, OptionalLong events) {
    return new RetentionSettings(age, bytes, events, Duration.ofMinutes(1), Duration.ofMillis(500));
  }
}
