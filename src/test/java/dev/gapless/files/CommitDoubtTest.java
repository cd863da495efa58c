package dev.gapless.files;

import static dev.gapless.files.FileFixture.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.PutResult.Stored;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The connection is lost at COMMIT, before or after the server carried it out. */
class CommitDoubtTest {
  private enum Fault {
    NONE,
    LOST_BEFORE_COMMIT,
    LOST_AFTER_COMMIT,
    LOST_WITH_THE_DATABASE
  }

  private final AtomicReference<Fault> fault = new AtomicReference<>(Fault.NONE);
  private final AtomicReference<Boolean> away = new AtomicReference<>(false);

  @Test
  void theLogTellsWhatBecameOfAWriteWithoutAnswer() {
    try (FileFixture files = new FileFixture(FileFixture.SETTINGS, this::losing)) {
      FileKey key = new FileKey("acme", "/a");
      fault.set(Fault.LOST_AFTER_COMMIT);
      assertThat(files.put(key, "one")).isInstanceOf(Stored.class);
      assertThat(files.wakes.get()).isEqualTo(1);
      fault.set(Fault.LOST_BEFORE_COMMIT);
      assertThat(files.put(key, "two")).isEqualTo(new PutResult.Unavailable(Outcome.NOT_COMMITTED));
      assertThat(new String(files.read(key))).isEqualTo("one");
      fault.set(Fault.LOST_WITH_THE_DATABASE);
      assertThat(files.put(key, "three")).isEqualTo(new PutResult.Unavailable(Outcome.UNKNOWN));
      away.set(false);
      fault.set(Fault.LOST_BEFORE_COMMIT);
      assertThat(files.delete(key)).isEqualTo(new DeleteResult.Unavailable(Outcome.NOT_COMMITTED));
      fault.set(Fault.LOST_AFTER_COMMIT);
      assertThat(files.delete(key)).isInstanceOf(DeleteResult.Deleted.class);
      assertThat(get(files.store.find(key))).isEmpty();
    }
  }

  @Test
  void aDatabaseThatIsAwayHasCommittedNothing() {
    try (FileFixture files = new FileFixture(FileFixture.SETTINGS, this::losing)) {
      FileKey key = new FileKey("acme", "/a");
      away.set(true);
      assertThat(files.put(key, "one")).isEqualTo(new PutResult.Unavailable(Outcome.NOT_COMMITTED));
      assertThat(files.delete(key)).isEqualTo(new DeleteResult.Unavailable(Outcome.NOT_COMMITTED));
      assertThat(files.store.find(key)).failsWithin(java.time.Duration.ofSeconds(5));
    }
  }

  private DataSource losing(DataSource pool) {
    return (DataSource)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> {
              if (away.get()) {
                throw new SQLException("away", "08001");
              }
              Object result = method.invoke(pool, arguments);
              return result instanceof Connection connection ? losing(connection) : result;
            });
  }

  private Connection losing(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("commit")) {
                switch (fault.getAndSet(Fault.NONE)) {
                  case NONE -> connection.commit();
                  case LOST_AFTER_COMMIT -> {
                    connection.commit();
                    throw new SQLException("lost", "08006");
                  }
                  case LOST_BEFORE_COMMIT -> {
                    connection.abort(Runnable::run);
                    throw new SQLException("lost", "08006");
                  }
                  case LOST_WITH_THE_DATABASE -> {
                    away.set(true);
                    connection.abort(Runnable::run);
                    throw new SQLException("lost", "08006");
                  }
                }
                return null;
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
