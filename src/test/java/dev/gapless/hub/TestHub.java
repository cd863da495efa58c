package dev.gapless.hub;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.log.EventLog;
import dev.gapless.log.HeadReads;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.awaitility.Awaitility;

/**
 * A hub on a real log whose tail is the test: {@link #follow} publishes what was appended since.
 * All writes of these tests are committed before they are followed, so reading by position is
 * exact.
 */
final class TestHub implements AutoCloseable {
  final ActorTestKit kit = ActorTestKit.create();
  final TestDatabase database = TestLogs.create();
  final EventLog log = EventLog.create();
  final HubSettings settings;
  final LocalEventHub hub;

  /** While set, every connection that catch-up asks for fails. */
  final AtomicBoolean readsFail = new AtomicBoolean();

  /** How many more connections catch-up gets before it fails as with {@link #readsFail}. */
  final AtomicInteger readsLeft = new AtomicInteger(Integer.MAX_VALUE);

  /** How often the hub asked the tail to begin anew. */
  final AtomicInteger lostPlaces = new AtomicInteger();

  final AtomicInteger failedReads = new AtomicInteger();

  private final ExecutorService reads = Executors.newFixedThreadPool(4);
  private Cursor head = Cursor.EARLIEST;

  TestHub() {
    this("");
  }

  /** {@code overrides} as in a configuration file, relative to {@code gapless.hub}. */
  TestHub(String overrides) {
    Config gapless =
        ConfigFactory.parseString("hub {" + overrides + "}")
            .withFallback(ConfigFactory.defaultReference().getConfig("gapless"))
            .resolve();
    settings = HubSettings.create(gapless);
    DataSource pool = database.pool(4);
    hub =
        new LocalEventHub(
            kit.system(), settings, log, FailingDataSource.of(pool, this::fails), reads, () -> {});
    kit.spawn(hub.behavior(lostPlaces::incrementAndGet));
  }

  private boolean fails() {
    if (readsFail.get() || readsLeft.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
      failedReads.incrementAndGet();
      return true;
    }
    return false;
  }

  /** Begins at the end of the log as it is. */
  TestHub begin() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      head = HeadReads.create().highestVisible(connection).orElse(Cursor.EARLIEST);
    }
    hub.restart(head);
    Awaitility.await().until(() -> hub.isReady() && hub.head().equals(head));
    return this;
  }

  List<Cursor> append(List<EventDraft> drafts) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return log.append(connection, drafts);
    }
  }

  Cursor append(String owner, String path) throws SQLException {
    return append(List.of(EventDraft.of(owner, path, "t", "{\"n\":1}"))).get(0);
  }

  /** As {@link #follow}, once more from an earlier place. */
  synchronized void followFrom(Cursor place, int batch) throws SQLException {
    head = place;
    follow(batch);
  }

  /** Publishes everything that was appended since, in batches. */
  synchronized void follow(int batch) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      while (true) {
        List<Event> rows =
            HeadReads.create()
                .rows(connection, head.position() + 1, Long.MAX_VALUE, batch, 1 << 20);
        if (rows.isEmpty()) {
          return;
        }
        head = rows.get(rows.size() - 1).cursor();
        hub.publish(rows, head, () -> {});
      }
    }
  }

  void sql(String... statements) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        var statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }

  static List<EventDraft> drafts(int count, int owners) {
    List<EventDraft> drafts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      drafts.add(
          EventDraft.of(
              "owner" + i % owners, "/p" + i % 7 + "/x", "t" + i % 3, "{\"i\":" + i + "}"));
    }
    return drafts;
  }

  @Override
  public void close() {
    kit.shutdownTestKit();
    reads.shutdownNow();
    database.close();
  }
}
