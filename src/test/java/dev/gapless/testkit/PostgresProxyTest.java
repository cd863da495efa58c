package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.PostgresProxy.Use;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.ds.PGSimpleDataSource;

class PostgresProxyTest {
  private TestDatabase database;
  private PostgresProxy proxy;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    proxy = PostgresProxy.to(database);
  }

  @AfterEach
  void stop() {
    proxy.close();
    database.close();
  }

  @Test
  void tellsConnectionsApartAndDisturbsOneKindAlone() throws SQLException {
    try (Connection listener = open();
        Connection other = open()) {
      listener.setNetworkTimeout(Runnable::run, 300);
      run(other, "SELECT 2");
      run(listener, "LISTEN x");
      assertThat(proxy.connections(Use.LISTENER)).isEqualTo(1);
      assertThat(proxy.connections(Use.POOL)).isEqualTo(1);
      proxy.flow(Use.LISTENER, TcpProxy.Flow.BLACK_HOLE);
      assertThatThrownBy(() -> run(listener, "SELECT 1")).isInstanceOf(SQLException.class);
      run(other, "SELECT 2");
      proxy.reset(Use.POOL);
      assertThatThrownBy(() -> run(other, "SELECT 2")).isInstanceOf(SQLException.class);
    }
    await().until(() -> proxy.all().connections() == 0);
  }

  @Test
  void aHeldConnectionGoesOnWhereItStood() throws Exception {
    try (Connection connection = open()) {
      run(connection, "SELECT 2");
      proxy.flow(Use.POOL, TcpProxy.Flow.HOLD);
      Thread query =
          new Thread(
              () -> {
                try {
                  run(connection, "SELECT 3");
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
              });
      query.start();
      query.join(300);
      assertThat(query.isAlive()).isTrue();
      proxy.flow(Use.POOL, TcpProxy.Flow.PASS);
      query.join(10_000);
      assertThat(query.isAlive()).isFalse();
      run(connection, "SELECT 4");
    }
  }

  @Test
  void swallowsNotificationsAndNothingElse() throws SQLException {
    try (Connection listener = open();
        Connection notifier = database.dataSource().getConnection()) {
      run(listener, "LISTEN x");
      run(notifier, "NOTIFY x, 'one'");
      assertThat(notifications(listener, 5_000)).isEqualTo(1);
      proxy.swallowNotifications(true);
      run(notifier, "NOTIFY x, 'two'");
      assertThat(notifications(listener, 300)).isZero();
      // notifications also come together with other answers
      run(notifier, "NOTIFY x, 'three'");
      run(listener, "SELECT repeat('x', 500000)");
      assertThat(notifications(listener, 300)).isZero();
      proxy.swallowNotifications(false);
      run(notifier, "NOTIFY x, 'four'");
      assertThat(notifications(listener, 5_000)).isEqualTo(1);
    }
  }

  @Test
  void resetsInTheMiddleOfTheAnswerToOneStatement() throws SQLException {
    try (Connection connection = open();
        Connection other = open();
        Statement statement = connection.createStatement()) {
      proxy.resetInAnswer("generate_series", 30_000);
      run(other, "SELECT repeat('x', 100000)");
      statement.setFetchSize(10);
      assertThatThrownBy(
              () -> {
                try (ResultSet rows =
                    statement.executeQuery(
                        "SELECT repeat('y', 100) FROM generate_series(1, 1000)")) {
                  while (rows.next()) {
                    assertThat(rows.getString(1)).hasSize(100);
                  }
                }
              })
          .isInstanceOf(SQLException.class);
      assertThat(proxy.hasReset()).isTrue();
      run(other, "SELECT repeat('x', 100000) FROM generate_series(1, 2)");
    }
  }

  @Test
  void delaysEachWay() throws SQLException {
    try (Connection connection = open()) {
      run(connection, "SELECT 2");
      proxy.delay(Use.POOL, Duration.ofMillis(100));
      long begun = System.nanoTime();
      run(connection, "SELECT repeat('x', 1000000)");
      assertThat(System.nanoTime() - begun).isGreaterThan(Duration.ofMillis(190).toNanos());
    }
  }

  @Test
  void tellsAtOnceThatNobodyListensBehindIt() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      int port = taken.getLocalPort();
      taken.close();
      try (TcpProxy toNobody = TcpProxy.to(port);
          Socket client = new Socket(InetAddress.getLoopbackAddress(), toNobody.port())) {
        client.setSoTimeout(5_000);
        assertThatThrownBy(() -> client.getInputStream().read())
            .isInstanceOf(SocketException.class)
            .isNotInstanceOf(SocketTimeoutException.class);
      }
    }
  }

  private Connection open() throws SQLException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(proxy.jdbcUrl(database));
    return source.getConnection();
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int notifications(Connection connection, int millis) throws SQLException {
    PGNotification[] all = connection.unwrap(PGConnection.class).getNotifications(millis);
    return all == null ? 0 : all.length;
  }
}
