package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gapless.event.EventDraft;
import dev.gapless.http.Publisher.IdempotencyKey;
import dev.gapless.log.EventLog;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a failed publish says of its outcome is true, and a retry with its key makes it one. */
class PublishOutcomeTest {
  private static final List<EventDraft> DRAFTS = List.of(EventDraft.of("acme", "/a", "t", "1"));
  private static final Optional<IdempotencyKey> KEY =
      Optional.of(new IdempotencyKey("a".repeat(64), "key", "b".repeat(64)));

  private final AtomicInteger wakes = new AtomicInteger();
  private TestDatabase database;

  /** What happens to the connection when its transaction is to be committed. */
  private interface AtCommit {
    void commit(Connection connection) throws SQLException;
  }

  @BeforeEach
  void create() {
    database = TestLogs.create();
  }

  @AfterEach
  void drop() {
    database.close();
  }

  @Test
  void cutAfterTheCommitTheOutcomeIsUnknownAndARetryFindsIt() throws SQLException {
    Problem problem =
        failure(
            connection -> {
              connection.commit();
              terminate(connection);
              connection.createStatement().execute("SELECT 1");
            });
    assertThat(problem.status()).isEqualTo(503);
    assertThat(problem.members()).containsEntry("outcome", "unknown");
    assertThat(events()).isEqualTo(1);
    String first = publisher(Connection::commit).publish(DRAFTS, KEY);
    assertThat(publisher(Connection::commit).publish(DRAFTS, KEY)).isEqualTo(first);
    assertThat(events()).isEqualTo(1);
  }

  @Test
  void cutBeforeTheCommitTheOutcomeIsUnknownAndARetryMakesIt() throws SQLException {
    Problem problem =
        failure(
            connection -> {
              terminate(connection);
              connection.commit();
            });
    assertThat(problem.members()).containsEntry("outcome", "unknown");
    assertThat(events()).isZero();
    publisher(Connection::commit).publish(DRAFTS, KEY);
    assertThat(events()).isEqualTo(1);
  }

  @Test
  void refusedAtTheCommitNothingWasCommitted() throws SQLException {
    sql(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END $$;
        CREATE TABLE deferred (n int);
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION refuse();
        """);
    Problem problem =
        failure(
            connection -> {
              connection.createStatement().execute("INSERT INTO deferred VALUES (1)");
              connection.commit();
            });
    assertThat(problem.members()).containsEntry("outcome", "not-committed");
    assertThat(events()).isZero();
  }

  @Test
  void withoutADatabaseNothingWasCommitted() {
    DataSource away = database.dataSource();
    database.close();
    Publisher publisher = new Publisher(away, EventLog.create(), () -> {});
    Problem problem =
        catchThrowableOfType(ProblemException.class, () -> publisher.publish(DRAFTS, KEY))
            .problem();
    assertThat(problem.status()).isEqualTo(503);
    assertThat(problem.members()).containsEntry("outcome", "not-committed");
    database = TestLogs.create();
  }

  @Test
  void wakesTheTailAfterTheCommitOnly() {
    failure(
        connection -> {
          terminate(connection);
          connection.commit();
        });
    assertThat(wakes).hasValue(0);
    publisher(Connection::commit).publish(DRAFTS, Optional.empty());
    assertThat(wakes).hasValue(1);
  }

  /** What the parser would have refused, had it seen it. */
  @ParameterizedTest
  @CsvSource({"bad JSON, 400, data", "too large, 413, data", "refused owner, 400, owner"})
  void whatPostgresRefusesNamesItsIndexAndField(String kind, int status, String field)
      throws SQLException {
    sql("ALTER TABLE gapless.events DROP CONSTRAINT events_owner_valid");
    sql("ALTER TABLE gapless.events ADD CONSTRAINT events_owner_valid CHECK (owner <> 'unwanted')");
    EventDraft bad =
        switch (kind) {
          case "bad JSON" -> EventDraft.of("acme", "/a", "t", "{\"a\":}");
          case "too large" -> EventDraft.of("acme", "/a", "t", "\"" + "x".repeat(600_000) + "\"");
          default -> EventDraft.of("unwanted", "/a", "t", "1");
        };
    EventDraft good = DRAFTS.get(0);
    Publisher publisher = publisher(Connection::commit);
    Problem problem =
        catchThrowableOfType(
                ProblemException.class,
                () -> publisher.publish(List.of(good, good, bad, good), KEY))
            .problem();
    assertThat(problem.status()).isEqualTo(status);
    assertThat(problem.members()).containsEntry("index", 2).containsEntry("field", field);
    assertThat(events()).isZero();
    publisher.publish(DRAFTS, KEY);
    assertThat(events()).isEqualTo(1);
  }

  private Problem failure(AtCommit atCommit) {
    Publisher publisher = publisher(atCommit);
    return catchThrowableOfType(ProblemException.class, () -> publisher.publish(DRAFTS, KEY))
        .problem();
  }

  private Publisher publisher(AtCommit atCommit) {
    DataSource real = database.dataSource();
    DataSource source =
        proxy(
            DataSource.class,
            real,
            "getConnection",
            args -> {
              Connection connection = real.getConnection();
              return proxy(
                  Connection.class,
                  connection,
                  "commit",
                  none -> {
                    atCommit.commit(connection);
                    return null;
                  });
            });
    return new Publisher(source, EventLog.create(), wakes::incrementAndGet);
  }

  private interface Replacement {
    Object call(Object[] args) throws SQLException;
  }

  private static <T> T proxy(Class<T> type, T target, String method, Replacement replacement) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, called, args) -> {
              if (called.getName().equals(method)) {
                return replacement.call(args);
              }
              try {
                return called.invoke(target, args);
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            }));
  }

  private void terminate(Connection connection) throws SQLException {
    int pid = connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();
    sql("SELECT pg_terminate_backend(" + pid + ", 5000)");
  }

  private int events() throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM gapless.events")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private void sql(String text) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }
}
