package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class RevocationWatchTest {
  private static final TokenHash TOKEN = TokenHash.ofToken("revoked");
  private static final TokenHash OTHER = TokenHash.ofToken("other");

  private interface Step {
    void run() throws SQLException;
  }

  private TestDatabase database;

  @BeforeEach
  void create() {
    database = TestLogs.create();
  }

  @AfterEach
  void drop() {
    database.close();
  }

  @Test
  void aReadThatBeganBeforeDoesNotTakeARevocationBack() throws SQLException {
    AtomicReference<Step> beforeClose = new AtomicReference<>(() -> {});
    RevocationWatch watch = new RevocationWatch(closing(beforeClose), Duration.ofSeconds(15));
    // what the read will show has been read; what it found is not the view yet
    beforeClose.set(() -> watch.record(TOKEN));
    watch.read();
    assertThat(watch.isRevoked(TOKEN)).isTrue();
    assertThat(watch.isRevoked(OTHER)).isFalse();
    watch.read();
    assertThat(watch.isRevoked(TOKEN)).isTrue();
  }

  @Test
  void showsWhatOtherNodesRecorded() throws SQLException {
    RevocationWatch watch = new RevocationWatch(database.dataSource(), Duration.ofSeconds(15));
    assertThat(watch.isStale()).isTrue();
    new RevocationWatch(database.dataSource(), Duration.ofSeconds(15)).record(TOKEN);
    assertThat(watch.isRevoked(TOKEN)).isFalse();
    watch.read();
    assertThat(watch.isRevoked(TOKEN)).isTrue();
    assertThat(watch.isStale()).isFalse();
  }

  @Test
  void aReadThatIsNeverAnsweredEndsLongBeforeTheViewIsStale() throws SQLException {
    try (TcpProxy proxy = TcpProxy.to(database.port())) {
      PGSimpleDataSource through = database.dataSource();
      through.setPortNumbers(new int[] {proxy.port()});
      AtomicReference<Step> beforeRead = new AtomicReference<>(() -> {});
      RevocationWatch watch =
          new RevocationWatch(
              proxy(
                  DataSource.class,
                  through,
                  "getConnection",
                  () -> {
                    Connection connection = through.getConnection();
                    beforeRead.get().run();
                    return connection;
                  }),
              Duration.ofSeconds(3));
      watch.read();
      beforeRead.set(() -> proxy.flow(TcpProxy.Flow.BLACK_HOLE));
      assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> assertThatThrownBy(watch::read).isInstanceOf(SQLException.class));
      beforeRead.set(() -> {});
      proxy.flow(TcpProxy.Flow.PASS);
      watch.read();
      assertThat(watch.isStale()).isFalse();
    }
  }

  /** Connections that take the step, once, when they are closed. */
  private DataSource closing(AtomicReference<Step> step) {
    DataSource real = database.dataSource();
    return proxy(
        DataSource.class,
        real,
        "getConnection",
        () -> {
          Connection connection = real.getConnection();
          return proxy(
              Connection.class,
              connection,
              "close",
              () -> {
                connection.close();
                step.getAndSet(() -> {}).run();
                return null;
              });
        });
  }

  private interface Replacement {
    Object call() throws SQLException;
  }

  private static <T> T proxy(Class<T> type, T target, String method, Replacement replacement) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, called, args) -> {
              if (called.getName().equals(method)) {
                return replacement.call();
              }
              try {
                return called.invoke(target, args);
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            }));
  }
}
