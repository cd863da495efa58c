package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** A page of 1,000 events; the score is the time of one. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EventRowsBenchmark {
  private static final int PAGE = 1_000;
  private static final PageLimits LIMITS = new PageLimits(PAGE, 10_000, 1 << 20);

  // so often that the driver has long prepared it on the server and asks for binary columns, as on
  // any connection of a pool
  private static final int PREPARING = 10;

  private final EventLog log = EventLog.create();
  private TestDatabase database;
  private Connection connection;
  private Cursor first;
  private Cursor head;
  private ResultSet rows;

  @Setup
  public void fill() throws SQLException {
    database = TestLogs.migrate(TestDatabase.ownCluster(Map.of()), TestLogs.settings());
    connection = database.dataSource().getConnection();
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type, data)"
            + " SELECT 'owner-' || i, '/notes/2026/11/22', 'note',"
            + " jsonb_build_object('text', repeat('x', 150)) FROM generate_series(0, "
            + PAGE
            + ") AS i");
    List<Event> all =
        HeadReads.create().rows(connection, 0, Long.MAX_VALUE, PAGE + 1, LIMITS.maxBytes());
    first = all.get(0).cursor();
    head = all.get(PAGE).cursor();
    rows = query();
    for (int i = 0; i < PREPARING; i++) {
      rows.close();
      rows = query();
    }
    if (((ReadResult.Page) page()).events().size() != PAGE) {
      throw new IllegalStateException("not a whole page");
    }
  }

  /** The statement of a page, with a result that can be read again. */
  private ResultSet query() throws SQLException {
    PageStatement sql = PageStatement.of(EventFilter.ALL, /* forward= */ true, 1000);
    PreparedStatement statement =
        connection.prepareStatement(
            sql.text(), ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
    statement.closeOnCompletion();
    sql.bind(connection, statement, first.position(), head.position(), PAGE, PAGE);
    return statement.executeQuery();
  }

  @TearDown
  public void close() throws SQLException {
    connection.close();
    database.close();
  }

  /** Rows that have come already. */
  @Benchmark
  @OperationsPerInvocation(PAGE)
  public void decode(Blackhole events) throws SQLException {
    rows.beforeFirst();
    while (rows.next()) {
      events.consume(new EventRows().read(rows));
    }
  }

  /** With all that a page costs: its transaction, PostgreSQL, the check of its cursors. */
  @Benchmark
  @OperationsPerInvocation(PAGE)
  public ReadResult page() throws SQLException {
    return log.readForward(connection, first, head, EventFilter.ALL, LIMITS);
  }
}
