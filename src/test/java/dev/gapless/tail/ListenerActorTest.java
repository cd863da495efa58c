package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class ListenerActorTest {
  /** So slow that whatever arrives was not found by a poll. */
  private static final String POLL_NEVER =
      "gapless.tail { poll-interval = 1 m, poll-interval-without-listener = 1 m }";

  private TailKit kit;

  @BeforeEach
  void create() {
    kit = new TailKit(TestDatabase.create());
  }

  @AfterEach
  void close() {
    kit.close();
  }

  @Test
  void wakesTheTailWithEachCommit() throws Exception {
    kit.startTail(TailKit.settings(POLL_NEVER)).startListener().awaitStarted().awaitListening();
    for (int i = 0; i < 20; i++) {
      kit.execute(TailKit.insert(2));
      kit.awaitPositions(kit.committed(0));
    }
    assertThat(kit.status.get().wakes().get(WakeCause.POLL)).isZero();
    assertThat(kit.status.get().wakes().get(WakeCause.NOTIFY)).isPositive();
    assertThat(kit.listenerStatus.get().notifications()).isPositive();
  }

  @Test
  void comesBackWithinASecondAfterItsBackendWasTerminated() throws Exception {
    kit.startTail(TailKit.settings(POLL_NEVER)).startListener().awaitStarted().awaitListening();
    for (int i = 1; i <= 3; i++) {
      int restarts = i;
      kit.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
              + " OR (query = 'SELECT 1' AND application_name = '"
              + kit.applicationName
              + "')");
      kit.execute(TailKit.insert(3));
      await()
          .atMost(Duration.ofSeconds(1))
          .pollInterval(Duration.ofMillis(5))
          .until(
              () ->
                  kit.listenerStatus.get().restarts() == restarts
                      && kit.listenerStatus.get().state() == ListenerStatus.State.LISTENING);
      kit.awaitPositions(kit.committed(0));
    }
    assertThat(kit.listenerStatus.get().lastFailure()).isPresent();
    await().until(() -> kit.connectionsOpen() == 2);
  }

  @Test
  void noticesANetworkThatSwallowsEverything() throws Exception {
    try (TcpProxy proxy = TcpProxy.to(kit.database.port())) {
      kit.startTail(TailKit.settings("gapless.tail.poll-interval = 1 m"))
          .startListener(through(proxy), TailKit.listenerSettings(""))
          .awaitStarted()
          .awaitListening();
      long begun = System.nanoTime();
      proxy.flow(TcpProxy.Flow.BLACK_HOLE);
      await()
          .atMost(Duration.ofSeconds(5))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> kit.listenerStatus.get().restarts() > 0);
      System.out.printf(
          "a black hole was noticed after %d ms%n", (System.nanoTime() - begun) / 1_000_000);
      // while it is down the tail polls
      kit.execute(TailKit.insert(3));
      kit.awaitPositions(List.of(1L, 2L, 3L));
      await().until(() -> kit.status.get().wakes().get(WakeCause.POLL) > 0);
      proxy.cut();
      proxy.flow(TcpProxy.Flow.PASS);
      kit.awaitListening();
    }
  }

  @Test
  void aServerThatRefusesIsNotAskedAgainAndAgain() throws Exception {
    try (TcpProxy proxy = TcpProxy.to(kit.database.port())) {
      kit.startTail(TailKit.settings(""))
          .startListener(through(proxy), TailKit.listenerSettings(""))
          .awaitStarted()
          .awaitListening();
      proxy.accepting(false);
      proxy.reset();
      await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
      // at once, and after 50, 100, 200, 400, 800 ms
      assertThat(kit.listenerStatus.get().restarts()).isBetween(2L, 7L);
      proxy.accepting(true);
      kit.awaitListening();
    }
  }

  @Test
  void isDeafBehindAPoolerAndTheTailPolls() throws Exception {
    kit.startTail(TailKit.settings("gapless.tail.poll-interval = 1 m"))
        .startListener(
            pooler(kit.direct()),
            TailKit.listenerSettings("gapless.listener.probe-timeout = 500 ms"))
        .awaitStarted();
    await()
        .until(
            () ->
                kit.listenerStatus.get() != null
                    && kit.listenerStatus.get().state() == ListenerStatus.State.DEAF);
    kit.execute(TailKit.insert(3));
    kit.awaitPositions(List.of(1L, 2L, 3L));
    assertThat(kit.status.get().wakes().get(WakeCause.NOTIFY)).isNull();
  }

  @Test
  void withoutNotificationsPollingFindsEverything() throws Exception {
    kit.execute("ALTER TABLE gapless.events DISABLE TRIGGER gapless_notify");
    kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
    for (int i = 0; i < 5; i++) {
      long begun = System.nanoTime();
      kit.execute(TailKit.insert(1));
      kit.awaitPositions(kit.committed(0));
      assertThat(System.nanoTime() - begun).isLessThan(Duration.ofSeconds(1).toNanos());
    }
    await().until(() -> kit.status.get().wakes().get(WakeCause.POLL) > 0);
    assertThat(kit.status.get().wakes().get(WakeCause.NOTIFY)).isNull();
  }

  @Test
  void anIdleNodeCostsOneReadAPoll() throws Exception {
    kit.execute(TailKit.insert(1));
    kit.startTail(TailKit.settings("")).startListener().awaitStarted().awaitListening();
    await().pollDelay(Duration.ofMillis(1500)).until(() -> true);
    TailStatus.Statements before = kit.status.get().statements();
    await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
    TailStatus.Statements after = kit.status.get().statements();
    assertThat(after.rows() - before.rows()).isBetween(3L, 5L);
    assertThat(after.total() - before.total()).isEqualTo(after.rows() - before.rows());
  }

  private PGSimpleDataSource through(TcpProxy proxy) {
    PGSimpleDataSource source = kit.direct();
    source.setPortNumbers(new int[] {proxy.port()});
    return source;
  }

  /** As a pooler in transaction mode does, LISTEN reaches some session that is not ours. */
  private static DataSource pooler(DataSource direct) {
    return wrap(
        DataSource.class,
        direct,
        (method, result) ->
            result instanceof Connection connection
                ? wrap(Connection.class, connection, (inner, made) -> elsewhere(made))
                : result);
  }

  private static Object elsewhere(Object made) {
    return made instanceof Statement statement && !(made instanceof java.sql.PreparedStatement)
        ? Proxy.newProxyInstance(
            ListenerActorTest.class.getClassLoader(),
            new Class<?>[] {Statement.class},
            (proxy, method, arguments) ->
                arguments != null && arguments[0] instanceof String sql && sql.startsWith("LISTEN")
                    ? Boolean.FALSE
                    : invoke(statement, method, arguments))
        : made;
  }

  private interface After {
    Object apply(String method, Object result) throws Exception;
  }

  private static <T> T wrap(Class<T> type, T target, After after) {
    return type.cast(
        Proxy.newProxyInstance(
            ListenerActorTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                after.apply(method.getName(), invoke(target, method, arguments))));
  }

  private static Object invoke(Object target, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
