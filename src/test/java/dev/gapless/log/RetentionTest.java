package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.LostReason;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.log.Retention.Outcome;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetentionTest {
  private static final PageLimits LIMITS = new PageLimits(100, 10_000, 1 << 20);
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')";

  private final LogSettings settings = TestLogs.settings().withPartitions(10_000, 3);
  private final EventLog eventLog = EventLog.create();
  private final HeadReads reads = HeadReads.create();
  private final Retention retention = Retention.create(Duration.ofMinutes(1));
  private TestDatabase database;
  private Connection connection;

  /** The last event of the first partition and the first of the second, among many. */
  private Cursor last;

  private Cursor next;
  private Cursor head;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.migrate(TestDatabase.create(), settings);
    connection = database.dataSource().getConnection();
    EventDraft draft = EventDraft.of("o", "/a", "t");
    List<Cursor> cursors = eventLog.append(connection, Collections.nCopies(10_050, draft));
    last = cursors.get(9_999);
    next = cursors.get(10_000);
    head = cursors.get(10_049);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void theOldestPartitionGoesAndLeavesItsMark() throws SQLException {
    assertThat(retention.removeOldest(connection, 9_999)).isEqualTo(new Outcome.NothingToRemove());
    assertThat(retention.removeOldest(connection, head.position()))
        .isInstanceOfSatisfying(
            Outcome.Removed.class,
            removed -> {
              assertThat(removed.partition()).isEqualTo("gapless.events_p1");
              assertThat(removed.mark()).contains(last);
              assertThat(removed.bytes()).isGreaterThan(500_000);
              assertThat(removed.cause()).isEqualTo(Retention.Cause.ASKED);
            });
    assertThat(reads.retired(connection)).contains(last);
    assertThat(Sql.number(connection, "SELECT min(id) FROM gapless.events")).isEqualTo(10_001);
    assertThat(Sql.text(connection, "SELECT to_regclass('gapless.events_p1')")).isNull();
    assertThat(retention.removeOldest(connection, head.position()))
        .isEqualTo(new Outcome.NothingToRemove());
  }

  @Test
  void cursorsBelowTheMarkAreLostAndTheOneAtItContinues() throws SQLException {
    Cursor below = eventLogCursor(5_000);
    retention.removeOldest(connection, head.position());
    CursorCheck lost = new CursorCheck.Lost(LostReason.RETENTION, last);
    assertThat(eventLog.check(connection, below, head)).isEqualTo(lost);
    assertThat(eventLog.check(connection, Cursor.bare(5_000), head)).isEqualTo(lost);
    assertThat(eventLog.check(connection, last, head)).isEqualTo(new CursorCheck.Valid(last));
    assertThat(eventLog.check(connection, Cursor.bare(10_000), head))
        .isEqualTo(new CursorCheck.Valid(last));
    assertThat(eventLog.check(connection, new Cursor(10_000, last.fingerprint() ^ 1), head))
        .isEqualTo(new CursorCheck.Lost(LostReason.DIVERGED, last));
    assertThat(eventLog.check(connection, Cursor.EARLIEST, head))
        .isEqualTo(new CursorCheck.Valid(Cursor.EARLIEST));

    assertThat(read(below)).isEqualTo(new ReadResult.Lost(LostReason.RETENTION, last));
    assertThat(firstOf(read(last))).isEqualTo(next);
    assertThat(firstOf(read(Cursor.EARLIEST))).isEqualTo(next);
    assertThat(eventLog.readBackward(connection, next, head, EventFilter.ALL, LIMITS))
        .isEqualTo(new ReadResult.Page(List.of(), last, /* complete= */ true));
  }

  @Test
  void fromTheMarkOnNothingBelowIsServedThoughItIsStillThere() throws Exception {
    Cursor below = eventLogCursor(5_000);
    try (Connection parked = database.dataSource().getConnection();
        Connection worker = database.dataSource().getConnection()) {
      parked.setAutoCommit(false);
      Sql.run(parked, INSERT);
      CompletableFuture<Outcome> removal = removeInBackground(worker);
      Awaitility.await().until(() -> pendingPartitions() == 1);
      // it waits for the parked writer: nobody waits for it
      Sql.run(connection, "SET lock_timeout = '2s'", INSERT);
      Sql.run(connection, "SELECT count(*) FROM gapless.events");
      Partitions.Status status =
          Partitions.create(settings.withPartitions(10_000, 5)).ensureAhead(connection);
      assertThat(status.enough()).isTrue();
      assertThat(retention.removeOldest(connection, head.position())).isEqualTo(new Outcome.Busy());
      assertThat(read(below)).isEqualTo(new ReadResult.Lost(LostReason.RETENTION, last));
      assertThat(firstOf(read(Cursor.EARLIEST))).isEqualTo(next);
      assertThat(removal).isNotDone();
      parked.commit();
      assertThat(removal.get(20, TimeUnit.SECONDS)).isInstanceOf(Outcome.Removed.class);
      assertThat(reads.retired(connection)).contains(last);
    }
  }

  @Test
  void aReaderAmongRemovalsNeverSkipsWhatItIsNotToldAbout() throws Exception {
    Sql.run(connection, "SELECT setval('gapless.events_id_seq', 10050)");
    Partitions.create(settings.withPartitions(10_000, 10)).ensureAhead(connection);
    EventDraft draft = EventDraft.of("o", "/a", "t");
    for (int i = 0; i < 80; i++) {
      head = eventLog.append(connection, Collections.nCopies(1_000, draft)).get(999);
    }
    long bound = head.position();
    EventFilter filter = new EventFilter(Set.of(), Set.of(), Set.of("t"));
    try (Connection worker = database.dataSource().getConnection()) {
      CompletableFuture<Integer> removals =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  int removed = 0;
                  while (retention.removeOldest(worker, bound) instanceof Outcome.Removed) {
                    removed++;
                  }
                  return removed;
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
              });
      int resets = 0;
      do {
        resets += readToTheEnd(filter, bound);
      } while (!removals.isDone());
      assertThat(removals.get()).isEqualTo(9);
      System.out.println("readers reset by retention: " + resets);
    }
  }

  @Test
  void aMarkThatMovesInTheMiddleOfAPageMakesItBeReadAgain() throws SQLException {
    Sql.run(connection, "UPDATE gapless.events SET path = '/rare' WHERE id IN (100, 600, 10020)");
    EventFilter rare = new EventFilter(Set.of(), Set.of("/rare"), Set.of());
    PageLimits limits = new PageLimits(10, 20_000, 1 << 20);
    try (Connection remover = database.dataSource().getConnection()) {
      // 1: the mark, 2: the first portion, 3: the second portion
      Connection interrupted =
          runningBeforeStatement(
              3,
              () ->
                  Sql.run(
                      remover,
                      "INSERT INTO gapless.retired (position, fingerprint) VALUES (10000, "
                          + last.fingerprint()
                          + ")",
                      "DELETE FROM gapless.events WHERE id <= 10000"));
      ReadResult result = eventLog.readForward(interrupted, Cursor.EARLIEST, head, rare, limits);
      assertThat(((ReadResult.Page) result).events())
          .extracting(Event::position)
          .containsExactly(10_020L);
    }
  }

  private interface Step {
    void run() throws SQLException;
  }

  private Connection runningBeforeStatement(int number, Step step) {
    AtomicInteger statements = new AtomicInteger();
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("prepareStatement")
                  && statements.incrementAndGet() == number) {
                step.run();
              }
              return method.invoke(connection, arguments);
            });
  }

  /** Positions have no holes here, so each event must follow the one before, or a reset. */
  private int readToTheEnd(EventFilter filter, long bound) throws SQLException {
    Cursor at = Cursor.EARLIEST;
    boolean first = true;
    int resets = 0;
    while (at.position() < bound) {
      ReadResult result =
          eventLog.readForward(connection, at, head, filter, new PageLimits(900, 2_000, 1 << 20));
      if (result instanceof ReadResult.Lost lost) {
        assertThat(lost.reason()).isEqualTo(LostReason.RETENTION);
        at = lost.earliest();
        resets++;
        continue;
      }
      for (Event event : ((ReadResult.Page) result).events()) {
        if (!first || !at.isEarliest()) {
          assertThat(event.position()).isEqualTo(at.position() + 1);
        }
        first = false;
        at = event.cursor();
      }
    }
    return resets;
  }

  @Test
  void whatACrashLeftBehindIsFinished() throws Exception {
    Sql.run(
        connection,
        // detached by hand, to be kept
        "CREATE TABLE gapless.events_p0 (LIKE gapless.events)");
    try (Connection parked = database.dataSource().getConnection();
        Connection worker = database.dataSource().getConnection()) {
      parked.setAutoCommit(false);
      Sql.run(parked, INSERT);
      Sql.run(worker, "SET statement_timeout = '70s'");
      assertThat(Retention.create(Duration.ofMillis(300)).removeOldest(worker, head.position()))
          .isEqualTo(new Outcome.Waiting("gapless.events_p1"));
      assertThat(Sql.text(worker, "SHOW statement_timeout")).isEqualTo("70s");
      assertThat(pendingPartitions()).isEqualTo(1);
      parked.commit();
    }
    assertThat(retention.removeOldest(connection, head.position()))
        .isInstanceOfSatisfying(
            Outcome.Removed.class,
            removed -> assertThat(removed.cause()).isEqualTo(Retention.Cause.UNFINISHED));
    assertThat(retention.removeOldest(connection, head.position()))
        .isEqualTo(new Outcome.NothingToRemove());
    assertThat(pendingPartitions()).isZero();
    assertThat(Sql.text(connection, "SELECT to_regclass('gapless.events_p1')")).isNull();
    assertThat(Sql.text(connection, "SELECT to_regclass('gapless.events_p0')")).isNotNull();
    assertThat(reads.retired(connection)).contains(last);
  }

  private CompletableFuture<Outcome> removeInBackground(Connection worker) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return retention.removeOldest(worker, head.position());
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private long pendingPartitions() throws SQLException {
    return Sql.number(connection, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending");
  }

  private Cursor eventLogCursor(long position) throws SQLException {
    CursorCheck check = eventLog.check(connection, Cursor.bare(position), head);
    return ((CursorCheck.Valid) check).verified();
  }

  private ReadResult read(Cursor after) throws SQLException {
    return eventLog.readForward(connection, after, head, EventFilter.ALL, LIMITS);
  }

  private static Cursor firstOf(ReadResult result) {
    return ((ReadResult.Page) result).events().get(0).cursor();
  }
}
