package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** The elected notifier, and what the trigger does about durability. */
class NotifyTriggerTest {
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')";

  private TestDatabase database;
  private Connection listener;
  private Connection writer;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.create();
    listener = database.dataSource().getConnection();
    Sql.run(listener, "LISTEN " + LogNames.CHANNEL);
    writer = database.dataSource().getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    writer.close();
    listener.close();
    database.close();
  }

  @Test
  void everyTransactionAloneNotifiesOnceWithAnEmptyPayload() throws SQLException {
    Sql.run(writer, "BEGIN", INSERT, INSERT, INSERT, "COMMIT");
    assertThat(notifications()).isEqualTo(1);
    Sql.run(writer, INSERT, "SELECT gapless.publish('o', '/a', 't')");
    assertThat(notifications()).isEqualTo(2);
    Sql.run(writer, "BEGIN", INSERT, "ROLLBACK");
    assertThat(notifications()).isZero();
  }

  @Test
  void ofTwoInFlightTheFirstNotifiesAndTheSecondDoesNotWait() throws SQLException {
    try (Connection second = database.dataSource().getConnection()) {
      Sql.run(writer, "BEGIN", INSERT);
      Sql.run(second, "SET lock_timeout = '1s'", "SET statement_timeout = '2s'", INSERT);
      assertThat(notifications()).isZero();
      Sql.run(writer, "COMMIT");
      assertThat(notifications()).isEqualTo(1);
      Sql.run(second, INSERT);
      assertThat(notifications()).isEqualTo(1);
    }
  }

  @Test
  void aSavepointRolledBackGivesTheElectionBack() throws SQLException {
    Sql.run(writer, "BEGIN", "SAVEPOINT a", INSERT, "ROLLBACK TO SAVEPOINT a");
    assertThat(HeadReads.create().locks(listener).electionHeld()).isFalse();
    Sql.run(writer, INSERT, "COMMIT");
    assertThat(notifications()).isEqualTo(1);
  }

  @Test
  void itIsSwitchedOffByExactlyOff() throws SQLException {
    Sql.run(writer, "SET gapless.notify = 'off'", INSERT);
    assertThat(notifications()).isZero();
    assertThat(HeadReads.create().locks(listener).electionHeld()).isFalse();
    Sql.run(writer, "SET gapless.notify = 'OFF?'", INSERT);
    assertThat(notifications()).isEqualTo(1);
  }

  @Test
  void aShadowingFunctionChangesNothing() throws SQLException {
    Sql.run(writer, "CREATE SCHEMA evil");
    for (String signature :
        List.of(
            "current_setting(text)",
            "current_setting(text, boolean)",
            "set_config(text, text, boolean)",
            "pg_try_advisory_xact_lock(bigint)",
            "pg_notification_queue_usage()",
            "pg_notify(text, text)",
            "octet_length(text)",
            "string_to_array(text, text)",
            "unnest(text[])",
            "operands(text, text)",
            "operands(int, int)",
            "operands(float8, float8)")) {
      Sql.run(
          writer,
          "CREATE FUNCTION evil."
              + signature
              + " RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''shadowed''; END'");
    }
    for (String operator : List.of("=", "<>", "<", ">")) {
      for (String type : List.of("text", "int", "float8")) {
        Sql.run(
            writer,
            "CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.operands)"
                .formatted(operator, type, type));
      }
    }
    Sql.run(
        writer,
        "SET search_path = evil, pg_catalog",
        INSERT.replace("/a", "/" + "a".repeat(200) + "/" + "b".repeat(200)),
        "SET synchronous_commit = off",
        INSERT);
    assertThat(notifications()).isEqualTo(2);
  }

  @Test
  void whereTransactionsMayBePreparedItMustBeAskedFor() throws SQLException {
    try (TestDatabase own = TestDatabase.ownCluster(Map.of("max_prepared_transactions", "5"))) {
      TestLogs.migrate(own, TestLogs.settings());
      try (Connection there = own.dataSource().getConnection();
          Connection hearing = own.dataSource().getConnection()) {
        Sql.run(hearing, "LISTEN " + LogNames.CHANNEL);
        Sql.run(there, "BEGIN", INSERT, "PREPARE TRANSACTION 'p'", "COMMIT PREPARED 'p'");
        Sql.run(there, INSERT);
        assertThat(notifications(hearing)).isZero();
        Sql.run(there, "SET gapless.notify = 'on'", INSERT);
        assertThat(notifications(hearing)).isEqualTo(1);
      }
    }
  }

  @Test
  void asynchronousCommitIsRaisedForTheTransactionUnlessAllowed() throws SQLException {
    Sql.run(writer, "SET synchronous_commit = off", "BEGIN", INSERT);
    assertThat(Sql.text(writer, "SHOW synchronous_commit")).isEqualTo("on");
    Sql.run(writer, "COMMIT");
    assertThat(Sql.text(writer, "SHOW synchronous_commit")).isEqualTo("off");
    Sql.run(writer, "BEGIN", "SET LOCAL gapless.allow_async = 'on'", INSERT);
    assertThat(Sql.text(writer, "SHOW synchronous_commit")).isEqualTo("off");
    Sql.run(writer, "COMMIT", "SET synchronous_commit = local", "BEGIN", INSERT);
    assertThat(Sql.text(writer, "SHOW synchronous_commit")).isEqualTo("local");
    Sql.run(writer, "COMMIT");
  }

  private int notifications() throws SQLException {
    return notifications(listener);
  }

  /** Those of everything committed before: they arrive with the answer to any statement. */
  private static int notifications(Connection listener) throws SQLException {
    // a commit wakes listeners after it is acknowledged: a statement that begins later sees all
    Sql.run(listener, "SELECT 1");
    PGNotification[] received = listener.unwrap(PGConnection.class).getNotifications(200);
    int count = 0;
    for (PGNotification notification : received == null ? new PGNotification[0] : received) {
      assertThat(notification.getName()).isEqualTo(LogNames.CHANNEL);
      assertThat(notification.getParameter()).isEmpty();
      count++;
    }
    return count;
  }
}
