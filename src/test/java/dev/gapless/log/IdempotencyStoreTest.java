package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.log.IdempotencyStore.Claim;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IdempotencyStoreTest {
  private static final String CALLER = "a".repeat(64);
  private static final String BODY = "b".repeat(64);

  private final IdempotencyStore store = IdempotencyStore.create();
  private TestDatabase database;
  private Connection first;
  private Connection second;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.create();
    first = transaction();
    second = transaction();
  }

  @AfterEach
  void close() throws SQLException {
    first.close();
    second.close();
    database.close();
  }

  @Test
  void aRepeatSeesTheAnswerAndAnotherBodyIsRefused() throws SQLException {
    assertThat(store.claim(first, CALLER, "k", BODY)).isEqualTo(new Claim.Won());
    store.complete(first, CALLER, "k", "[1]");
    first.commit();
    assertThat(store.claim(second, CALLER, "k", BODY)).isEqualTo(new Claim.Repeat("[1]"));
    assertThat(store.claim(second, CALLER, "k", "c".repeat(64))).isEqualTo(new Claim.OtherBody());
    assertThat(store.claim(second, "d".repeat(64), "k", BODY)).isEqualTo(new Claim.Won());
  }

  @Test
  void ofTwoAtOnceTheLoserWaitsAndSeesTheWinnersAnswer() throws Exception {
    store.claim(first, CALLER, "k", BODY);
    CompletableFuture<Claim> loser = claimInBackground();
    awaitWaiting();
    store.complete(first, CALLER, "k", "[1]");
    first.commit();
    assertThat(loser.get(10, TimeUnit.SECONDS)).isEqualTo(new Claim.Repeat("[1]"));
  }

  @Test
  void theSecondWinsIfTheFirstRollsBack() throws Exception {
    store.claim(first, CALLER, "k", BODY);
    CompletableFuture<Claim> next = claimInBackground();
    awaitWaiting();
    first.rollback();
    assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo(new Claim.Won());
  }

  @Test
  void oldKeysAreForgotten() throws SQLException {
    store.claim(first, CALLER, "k", BODY);
    store.complete(first, CALLER, "k", "[1]");
    first.commit();
    assertThat(store.removeOlderThan(first, Duration.ofHours(24))).isZero();
    Sql.run(first, "UPDATE gapless.idempotency SET created_at = created_at - interval '25 h'");
    assertThat(store.removeOlderThan(first, Duration.ofHours(24))).isEqualTo(1);
    first.commit();
    assertThat(store.claim(second, CALLER, "k", BODY)).isEqualTo(new Claim.Won());
  }

  @Test
  void aKeyOutsideATransactionIsRefused() throws SQLException {
    first.setAutoCommit(true);
    assertThatThrownBy(() -> store.claim(first, CALLER, "k", BODY))
        .isInstanceOf(IllegalStateException.class);
  }

  private Connection transaction() throws SQLException {
    Connection connection = database.dataSource().getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  private CompletableFuture<Claim> claimInBackground() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return store.claim(second, CALLER, "k", BODY);
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private void awaitWaiting() throws SQLException {
    try (Connection observer = database.dataSource().getConnection()) {
      Awaitility.await()
          .until(
              () ->
                  Sql.number(
                          observer,
                          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                              + " AND datname = current_database()")
                      == 1);
    }
  }
}
