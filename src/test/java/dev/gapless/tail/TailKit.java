package dev.gapless.tail;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.awaitility.Awaitility;
import org.postgresql.ds.PGSimpleDataSource;

/** A tail, and a listener if asked for, on a real database, with a hub that keeps everything. */
final class TailKit implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  final TestDatabase database;
  final String applicationName = "tail-under-test-" + NUMBER.incrementAndGet();
  final AtomicReference<TailStatus> status = new AtomicReference<>();
  final AtomicReference<ListenerStatus> listenerStatus = new AtomicReference<>();
  final List<TailOutput> outputs = new CopyOnWriteArrayList<>();
  final List<Event> events = java.util.Collections.synchronizedList(new ArrayList<>());
  final ConcurrentHashMap<Long, Long> arrivedAt = new ConcurrentHashMap<>();

  private final ActorTestKit actors;
  private ActorRef<LogTailActor.Command> tail;
  private ActorRef<ListenerActor.Command> listener;
  private volatile boolean acknowledging = true;
  private final List<TailOutput.Decided> unacknowledged = new CopyOnWriteArrayList<>();

  TailKit(TestDatabase database) {
    this.database = database;
    this.actors = ActorTestKit.create(applicationName);
    migrate(database.dataSource());
  }

  static void migrate(DataSource source) {
    LogMigration.migrate(source, LogSettings.create(ConfigFactory.load()));
  }

  static TailSettings settings(String overrides) {
    return TailSettings.create(config(overrides));
  }

  static ListenerSettings listenerSettings(String overrides) {
    return ListenerSettings.create(config(overrides));
  }

  private static Config config(String overrides) {
    return ConfigFactory.parseString(overrides).withFallback(ConfigFactory.load());
  }

  PGSimpleDataSource direct() {
    PGSimpleDataSource source = database.dataSource();
    source.setApplicationName(applicationName);
    source.setTcpKeepAlive(true);
    source.setLoginTimeout(3);
    return source;
  }

  TailKit startTail(TailSettings settings) {
    return startTail(direct(), settings);
  }

  TailKit startTail(DataSource direct, TailSettings settings) {
    return startTail(HeadReads::create, direct, connection -> {}, settings);
  }

  TailKit startTail(Supplier<HeadReads> reads, ConnectionCheck check) {
    return startTail(reads, direct(), check, settings(""));
  }

  private TailKit startTail(
      Supplier<HeadReads> reads, DataSource direct, ConnectionCheck check, TailSettings settings) {
    tail =
        actors.spawn(
            LogTailActor.create(
                reads,
                direct,
                check,
                settings,
                actors.spawn(hub(), "hub-" + NUMBER.incrementAndGet()),
                status::set),
            "tail-" + NUMBER.incrementAndGet(),
            LogTailActor.dispatcher());
    return this;
  }

  TailKit startListener(DataSource direct, ListenerSettings settings) {
    listener =
        actors.spawn(
            ListenerActor.create(direct, settings, tail, listenerStatus::set),
            "listener-" + NUMBER.incrementAndGet(),
            ListenerActor.dispatcher());
    return this;
  }

  TailKit startListener() {
    return startListener(direct(), listenerSettings(""));
  }

  TailKit awaitListening() {
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .until(
            () ->
                listenerStatus.get() != null
                    && listenerStatus.get().state() == ListenerStatus.State.LISTENING);
    return this;
  }

  TailKit awaitStarted() {
    Awaitility.await().pollInterval(Duration.ofMillis(5)).until(() -> !outputs.isEmpty());
    return this;
  }

  void stopTail() {
    actors.stop(tail, Duration.ofSeconds(10));
  }

  void stopListener() {
    actors.stop(listener, Duration.ofSeconds(10));
  }

  void wake() {
    tail.tell(new LogTailActor.Wake(WakeCause.LOCAL));
  }

  ActorRef<LogTailActor.Command> tail() {
    return tail;
  }

  void acknowledging(boolean yes) {
    acknowledging = yes;
    if (yes) {
      unacknowledged.forEach(batch -> batch.acknowledge().tell(LogTailActor.Acknowledge.INSTANCE));
      unacknowledged.clear();
    }
  }

  private Behavior<TailOutput> hub() {
    return Behaviors.receiveMessage(
        output -> {
          if (output instanceof TailOutput.Decided decided) {
            long now = System.nanoTime();
            decided.events().forEach(event -> arrivedAt.putIfAbsent(event.position(), now));
            events.addAll(decided.events());
            if (acknowledging) {
              decided.acknowledge().tell(LogTailActor.Acknowledge.INSTANCE);
            } else {
              unacknowledged.add(decided);
            }
          }
          outputs.add(output);
          return Behaviors.same();
        });
  }

  List<Long> positions() {
    synchronized (events) {
      return events.stream().map(Event::position).collect(Collectors.toList());
    }
  }

  /** What the log holds after a cursor, in order: what the tail has to have delivered. */
  List<Long> committed(long after) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return longs(
          connection, "SELECT id FROM gapless.events WHERE id > " + after + " ORDER BY id");
    }
  }

  void awaitPositions(List<Long> expected) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> positions().size() >= expected.size());
    org.assertj.core.api.Assertions.assertThat(positions()).isEqualTo(expected);
  }

  /** Why it began anew, each time. */
  List<TailOutput.RestartReason> restarts() {
    return outputs.stream()
        .filter(TailOutput.Restarted.class::isInstance)
        .map(output -> ((TailOutput.Restarted) output).reason())
        .toList();
  }

  /**
   * Every Decided ends at its head, and heads only move forward between restarts; a new connection
   * is no reason to move.
   */
  void assertHeadsConsistent() {
    Cursor head = Cursor.EARLIEST;
    for (TailOutput output : outputs) {
      if (output instanceof TailOutput.Decided decided) {
        Event last = decided.events().get(decided.events().size() - 1);
        org.assertj.core.api.Assertions.assertThat(decided.head()).isEqualTo(last.cursor());
        for (Event event : decided.events()) {
          org.assertj.core.api.Assertions.assertThat(event.position())
              .isGreaterThan(head.position());
          head = event.cursor();
        }
      } else if (output instanceof TailOutput.Restarted restarted) {
        if (restarted.reason() == TailOutput.RestartReason.RECONNECTED) {
          org.assertj.core.api.Assertions.assertThat(restarted.head()).isEqualTo(head);
        }
        head = restarted.head();
      }
    }
  }

  int connectionsOpen() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return longs(
              connection,
              "SELECT count(*) FROM pg_stat_activity WHERE application_name = '"
                  + applicationName
                  + "'")
          .get(0)
          .intValue();
    }
  }

  Connection connect() throws SQLException {
    return database.dataSource().getConnection();
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, sql);
    }
  }

  static List<Long> longs(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<Long> result = new ArrayList<>();
      while (rows.next()) {
        result.add(rows.getLong(1));
      }
      return result;
    }
  }

  static String insert(int rows) {
    return "INSERT INTO gapless.events (owner, path, type) SELECT 'o', '/f/' || g, 'put' FROM"
        + " generate_series(1, "
        + rows
        + ") g";
  }

  @Override
  public void close() {
    actors.shutdownTestKit();
    database.close();
  }
}
