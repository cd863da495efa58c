package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.Gapless;
import dev.gapless.GaplessSettings;
import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.HubStatus;
import dev.gapless.testkit.FaultyPool;
import dev.gapless.testkit.FaultyPool.Step;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The database fails while a subscriber reads history: at every page's boundary and inside it. */
class CatchUpFailureTest {
  private static final int EVENTS = 60;
  private static final int PAGE = 10;

  private TestDatabase database;
  private TcpProxy proxy;
  private HikariDataSource pool;
  private FaultyPool faulty;
  private ActorSystem<Void> system;
  private Gapless gapless;

  @BeforeEach
  void start() throws Exception {
    database = TestLogs.create();
    // history from before the node began is in the log alone, not in its ring
    new Oracle(database.dataSource())
        .execute(
            "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/%s', 'x'"
                    .formatted(MARKER)
                + " FROM generate_series(1, "
                + EVENTS
                + ")");
    proxy = TcpProxy.to(database.port());
    PGSimpleDataSource throughProxy = database.dataSource();
    throughProxy.setPortNumbers(new int[] {proxy.port()});
    HikariConfig settings = new HikariConfig();
    settings.setDataSource(throughProxy);
    settings.setMaximumPoolSize(2);
    settings.setConnectionTimeout(250);
    pool = new HikariDataSource(settings);
    faulty = new FaultyPool(pool);
    Config config =
        ConfigFactory.parseString(
                "gapless.hub { page-events = " + PAGE + ", cache-bytes = 0 }, pekko.loglevel = OFF")
            .withFallback(ConfigFactory.load());
    system = ActorSystem.create(Behaviors.empty(), "catch-up-failure", config);
    gapless = Gapless.get(system);
    gapless
        .start(faulty, database.dataSource(), GaplessSettings.create(config))
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
    pool.close();
    proxy.close();
    database.close();
  }

  @Test
  void theFirstPagesAreCompleteWhateverFailsInThem() throws Exception {
    everyStep(2 * PAGE);
  }

  @Test
  @Tag("long")
  void allPagesAreCompleteWhateverFailsInThem() throws Exception {
    everyStep(EVENTS);
  }

  private void everyStep(int events) throws Exception {
    assertThat(replay(0, (step, connection) -> {}, events)).hasSize(events);
    List<Step> steps = faulty.steps();
    assertThat(steps).contains(Step.CONNECTION, Step.QUERY, Step.ROW);
    int runs = 0;
    for (int number = 1; number <= steps.size(); number++) {
      for (FaultyPool.Fault fault : faults(steps.get(number - 1))) {
        List<Long> positions = replay(number, fault, events);
        Oracle.assertSame(
            positions, new Oracle(database.dataSource()).committed("id <= " + events));
        runs++;
      }
    }
    HubStatus status = gapless.status().hub();
    assertThat(status.catchUpFailures()).isGreaterThanOrEqualTo(runs);
    assertThat(status.lastCatchUpFailure()).isPresent();
    await().until(() -> gapless.status().hub().catchUpPending() == 0);
    System.out.printf(
        "%d events in pages of %d: failed once at each of %d steps (%d rows), %d runs, each complete"
            + " and in order%n",
        events, PAGE, steps.size(), steps.stream().filter(Step.ROW::equals).count(), runs);
  }

  /** What the subscriber got, in the order it got it. */
  private List<Long> replay(int number, FaultyPool.Fault fault, int events) throws Exception {
    faulty.disturb(number, fault);
    return gapless
        .events(EventFilter.ALL, new StartPoint.At(Cursor.EARLIEST))
        .take(events)
        .map(Event::position)
        .runWith(Sink.seq(), system)
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  private List<FaultyPool.Fault> faults(Step step) {
    return step == Step.CONNECTION
        ? List.of(this::exhaustPool, this::cutEverything)
        : List.of(CatchUpFailureTest::failInSql, this::cutEverything);
  }

  /** A real error of the server, in the reader's own session. */
  private static void failInSql(Step step, Optional<Connection> connection) throws SQLException {
    try (Statement statement = connection.orElseThrow().createStatement()) {
      statement.execute("SELECT 1 / 0");
    }
  }

  private void cutEverything(Step step, Optional<Connection> connection) throws SQLException {
    proxy.reset();
    if (connection.isPresent()) {
      try (Statement statement = connection.get().createStatement()) {
        statement.execute("SELECT 1");
      }
    }
  }

  /** Somebody else holds all connections for as long as the reader waits for one. */
  private void exhaustPool(Step step, Optional<Connection> connection) throws SQLException {
    List<Connection> held = new ArrayList<>();
    try {
      while (held.size() < pool.getMaximumPoolSize()) {
        held.add(pool.getConnection());
      }
      pool.getConnection().close();
    } finally {
      for (Connection one : held) {
        one.close();
      }
    }
  }
}
