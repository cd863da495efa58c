package dev.gapless.failover;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestCluster;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import javax.sql.DataSource;

/**
 * Two nodes on one PostgreSQL, reached through a proxy, so that another one can take its place
 * behind the same address. Remembers the histories that the log has had.
 */
final class Site implements AutoCloseable {
  static final String DATABASE = "log";

  /** Whoever reads only this owner has got nothing for long: its cursor is old. */
  static final String QUIET = "quiet-" + MARKER;

  /** Other than Load's, which has no types. */
  static final String RARE = "rare";

  /** Rounds of {@link #insertForAll}: more than the sequence keeps ahead in its write-ahead log. */
  static final int MANY = 6;

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Cursors follow the head at once; a server that says nothing is waited for. */
  private static final String RESTLESS =
      "gapless { tail.statement-timeout = 1 minute, hub.heartbeat = 200 ms }";

  /** Cursors stay at what was delivered last; nearly all history is read from the log. */
  private static final String FORGETFUL =
      "gapless.hub { ring-events = 64, page-events = 50, heartbeat = 1 h }";

  final Reached restless;
  final Reached forgetful;
  final Histories histories = new Histories();
  private TestCluster primary;

  Site() {
    // some transactions are prepared; then writers notify only where they are told to
    primary = TestCluster.start(Map.of("max_prepared_transactions", "5"));
    primary.execute("CREATE DATABASE " + DATABASE + " TEMPLATE template0");
    primary.execute("ALTER DATABASE " + DATABASE + " SET gapless.notify = 'on'");
    restless = Reached.launch(primary, RESTLESS);
    forgetful = Reached.launch(primary, FORGETFUL);
    restless.node().awaitReady();
    forgetful.node().awaitReady();
  }

  TestCluster primary() {
    return primary;
  }

  /** The current PostgreSQL itself: no proxy is between. */
  DataSource database() {
    return database(primary);
  }

  static DataSource database(TestCluster cluster) {
    return cluster.dataSource(DATABASE);
  }

  List<ServerNode> nodes() {
    return List.of(restless.node(), forgetful.node());
  }

  List<TcpProxy> proxies() {
    return List.of(restless.proxy(), forgetful.proxy());
  }

  // --- writing ---

  /** Events of one owner, each in a transaction of its own. */
  void insert(String owner, int count) {
    insert(database(), owner, count);
  }

  static void insert(DataSource into, String owner, int count) {
    StringBuilder sql = new StringBuilder();
    for (int i = 0; i < count; i++) {
      sql.append(
          "BEGIN; INSERT INTO gapless.events (owner, path, type) VALUES ('%s', '%s%d', '%s'); COMMIT;"
              .formatted(owner, i % 2 == 0 ? Load.orders() : "/pub/", i, i % 5 == 0 ? RARE : "x"));
    }
    execute(into, sql.toString());
  }

  /** Some for every owner, and some positions that stay empty. */
  void insertForAll(int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (int owner = 0; owner < Load.OWNERS; owner++) {
        insert(Load.owner(owner), 2);
      }
      execute(
          database(),
          "BEGIN; INSERT INTO gapless.events (owner, path, type) VALUES ('a', '/', 'x'); ROLLBACK");
    }
  }

  static void execute(DataSource on, String sql) {
    try (Connection connection = on.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  // --- clients ---

  /** Clients of both nodes with filters of all kinds. */
  Clients everybody() {
    Clients clients = new Clients();
    Optional<Event> last = History.read(database()).previous(Long.MAX_VALUE);
    for (ServerNode node : nodes()) {
      clients.add(watch(node, "after=earliest", event -> true));
      clients.add(watch(node, "after=now", event -> true));
      last.ifPresent(event -> clients.add(watchFrom(node, event.cursor())));
      clients.add(watchOwners(node, "after=earliest&", Load.owner(0)));
      clients.add(watchOwners(node, "after=now&", Load.owner(1), Load.owner(2)));
      clients.add(watchOwners(node, "after=earliest&", QUIET));
      clients.add(watchOwners(node, "after=now&", "nobody-" + MARKER));
      clients.add(
          watch(
              node,
              "after=earliest&path=" + Load.orders(),
              event -> event.path().startsWith(Load.orders())));
      clients.add(
          watch(
              node,
              "after=earliest&path=/pub/&type=" + RARE + "&owner=" + Load.owner(3),
              event ->
                  event.path().startsWith("/pub/")
                      && event.type().equals(RARE)
                      && event.owner().equals(Load.owner(3))));
    }
    return clients;
  }

  Watched watchFrom(ServerNode node, Cursor start) {
    return watch(node, "after=" + start, event -> true, Optional.of(start));
  }

  Watched watchOwnerFrom(ServerNode node, String owner, Cursor start) {
    return watch(
        node,
        "owner=" + owner + "&after=" + start,
        event -> event.owner().equals(owner),
        Optional.of(start));
  }

  /** All there is, read as slowly as can be. */
  Watched watchByteByByte(ServerNode node) {
    return new Watched(
        EventClient.watchByteByByte(node, "/v1/events?after=earliest"),
        node.name() + " byte by byte",
        event -> true,
        Optional.of(Cursor.EARLIEST),
        histories.current());
  }

  Watched watchOwners(ServerNode node, String start, String... owners) {
    return watch(
        node,
        start + "owner=" + String.join("&owner=", owners),
        event -> List.of(owners).contains(event.owner()));
  }

  Watched watch(ServerNode node, String query, Predicate<Event> wanted) {
    boolean fromNow = query.startsWith("after=now");
    return watch(node, query, wanted, fromNow ? Optional.empty() : Optional.of(Cursor.EARLIEST));
  }

  private Watched watch(
      ServerNode node, String query, Predicate<Event> wanted, Optional<Cursor> start) {
    return new Watched(
        EventClient.watch(node, "/v1/events?" + query),
        node.name() + " " + query,
        wanted,
        start,
        histories.current());
  }

  /** Waits until each of them has got exactly what it has to get up to now. */
  void awaitJustice(Clients clients) {
    History now = History.read(database());
    await("what all clients got is right")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .untilAsserted(() -> clients.all().forEach(watched -> histories.judge(watched, now)));
  }

  /** Fails unless some positions were handed out again, and some clients were reset but not all. */
  void report(String what, Clients clients, History lost) {
    History now = History.read(database());
    assertThat(lost.otherwiseIn(now)).as("positions handed out again").isPositive();
    assertThat(clients.resets()).isPositive().isLessThan(clients.size());
    System.out.printf(
        "%s: %d events lost, %d positions handed out again; of %d clients %d were reset, and none"
            + " wrongly%n",
        what, lost.missingIn(now), lost.otherwiseIn(now), clients.size(), clients.resets());
  }

  // --- the change ---

  /** No node reaches the database any more, and each knows it. */
  void cutOff() {
    proxies().forEach(proxy -> proxy.accepting(false));
    proxies().forEach(TcpProxy::reset);
  }

  /** Nodes that connect from now on reach the current PostgreSQL, or whatever is to be it. */
  void letIn() {
    proxies().forEach(proxy -> proxy.accepting(true));
  }

  /**
   * Another PostgreSQL takes the place of the current one, which is gone. Nobody has written into
   * it yet.
   *
   * @param lost all that nodes can have seen of the history that is over
   */
  void replace(TestCluster next, History lost) {
    TestCluster old = leadTo(next);
    old.close();
    histories.over(lost, History.read(database()));
  }

  /**
   * The same in steps: the history that is over is told later.
   *
   * @return what was there before, to be closed by the caller
   */
  TestCluster leadTo(TestCluster next) {
    TestCluster old = primary;
    primary = next;
    proxies().forEach(proxy -> proxy.target(next.port()));
    return old;
  }

  void awaitReady() {
    await("both nodes are ready")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> nodes().stream().allMatch(ServerNode::isReady));
  }

  @Override
  public void close() {
    restless.close();
    forgetful.close();
    primary.close();
  }
}
