package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.LogUnusableException.Reason;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class LogChecksTest {
  private final LogSettings settings = TestLogs.settings();
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.create();
    connection = database.dataSource().getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void aFreshLogIsSound() throws SQLException {
    assertThat(LogChecks.check(connection, settings)).isEmpty();
  }

  @Test
  void anEmptyDatabaseIsRefused() throws SQLException {
    try (TestDatabase empty = TestDatabase.create();
        Connection there = empty.dataSource().getConnection()) {
      assertRefused(there, Reason.NO_TABLE, "gapless.migrate");
      Sql.run(there, "CREATE SCHEMA gapless");
      assertRefused(there, Reason.NO_TABLE, "gapless.migrate");
    }
  }

  @Test
  void aSequenceThatDoesNotCountOneByOneIsRefused() throws SQLException {
    for (String wrong : new String[] {"CACHE 2", "INCREMENT 2", "CYCLE"}) {
      Sql.run(connection, "ALTER TABLE gapless.events ALTER COLUMN id SET " + wrong);
      assertRefused(connection, Reason.SEQUENCE, "CACHE 1");
      Sql.run(
          connection,
          "ALTER TABLE gapless.events ALTER COLUMN id SET CACHE 1 SET INCREMENT 1 SET NO CYCLE");
      LogChecks.check(connection, settings);
    }
  }

  @Test
  void anUnloggedPartitionIsRefused() throws SQLException {
    Sql.run(connection, "ALTER TABLE gapless.events_p1 SET UNLOGGED");
    assertRefused(connection, Reason.NOT_PERMANENT, "unlogged");
  }

  @Test
  void anUnloggedSequenceIsRefused() throws SQLException {
    if (database.majorVersion() >= 15) {
      Sql.run(connection, "ALTER SEQUENCE gapless.events_id_seq SET UNLOGGED");
      assertRefused(connection, Reason.NOT_PERMANENT, "unlogged");
    }
  }

  @Test
  void aTableFedByASubscriptionIsRefused() throws SQLException {
    Sql.run(
        connection,
        "CREATE PUBLICATION p FOR TABLE gapless.events",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p"
            + " WITH (connect = false, enabled = false)",
        // what CREATE SUBSCRIPTION writes when it can reach the publisher
        "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)"
            + " SELECT oid, 'gapless.events_p1'::regclass, 'i' FROM pg_subscription"
            + " WHERE subname = 's'");
    try {
      assertRefused(connection, Reason.SUBSCRIPTION, "subscription");
    } finally {
      Sql.run(connection, "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s");
    }
  }

  @Test
  void rowSecurityThatIsActiveForOurRoleIsRefused() throws SQLException {
    String role = "checks_" + database.name();
    Sql.run(
        connection,
        "CREATE ROLE " + role,
        "GRANT USAGE ON SCHEMA gapless TO " + role,
        "GRANT SELECT ON gapless.events TO " + role,
        "ALTER TABLE gapless.events ENABLE ROW LEVEL SECURITY");
    try {
      LogChecks.check(connection, settings);
      Sql.run(connection, "SET ROLE " + role);
      assertRefused(connection, Reason.ROW_SECURITY, "BYPASSRLS");
      Sql.run(
          connection,
          "RESET ROLE",
          "ALTER TABLE gapless.events DISABLE ROW LEVEL SECURITY",
          "SET ROLE " + role);
      assertRefused(connection, Reason.RIGHTS, "sequence");
    } finally {
      Sql.run(connection, "RESET ROLE", "DROP OWNED BY " + role, "DROP ROLE " + role);
    }
  }

  @Test
  void aMissingOrDisabledTriggerIsAWarning() throws SQLException {
    Sql.run(connection, "ALTER TABLE gapless.events DISABLE TRIGGER gapless_notify");
    assertThat(LogChecks.check(connection, settings))
        .singleElement()
        .asString()
        .contains("gapless_notify");
    Sql.run(connection, "DROP TRIGGER gapless_notify ON gapless.events");
    assertThat(LogChecks.check(connection, settings)).hasSize(1);
  }

  @Test
  void aStrongerIsolationIsRefused() throws SQLException {
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    assertRefused(connection, Reason.ISOLATION, "repeatable read");
    assertNotServed(connection);
  }

  @Test
  void anotherEncodingIsRefused() throws SQLException {
    String name = database.name() + "_latin1";
    Sql.run(
        connection, "CREATE DATABASE " + name + " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    PGSimpleDataSource source = database.dataSource();
    source.setDatabaseName(name);
    try (Connection there = source.getConnection()) {
      assertRefused(there, Reason.ENCODING, "LATIN1");
    } finally {
      Sql.run(connection, "DROP DATABASE " + name);
    }
  }

  @Test
  void fsyncOffAndPreparedTransactionsAndStandbys() throws SQLException, IOException {
    try (TestDatabase own =
        TestDatabase.ownCluster(Map.of("fsync", "off", "max_prepared_transactions", "2"))) {
      TestLogs.migrate(own, settings);
      try (Connection there = own.dataSource().getConnection()) {
        assertRefused(there, Reason.FSYNC_OFF, "gapless.log.require-fsync");
        assertThat(LogChecks.check(there, settings.withRequireFsync(false)))
            .singleElement()
            .asString()
            .contains("max_prepared_transactions");
        Sql.run(there, "SET gapless.notify = 'on'");
        assertThat(LogChecks.check(there, settings.withRequireFsync(false))).isEmpty();
      }
      own.stop(StopMode.FAST);
      Files.createFile(own.dataDirectory().resolve("standby.signal"));
      own.start();
      try (Connection there = own.dataSource().getConnection()) {
        assertRefused(there, Reason.NOT_PRIMARY, "primary");
        assertThat(HeadReads.create().locks(there).inRecovery()).isTrue();
        assertNotServed(there);
      }
    }
  }

  @Test
  void anOldServerIsRefused() {
    assertThatThrownBy(() -> server(140_000).require(/* requireFsync= */ true))
        .isInstanceOf(LogUnusableException.class)
        .hasMessageContaining("14.1");
    assertThatCode(() -> server(140_001).require(/* requireFsync= */ true))
        .doesNotThrowAnyException();
  }

  private static LogChecks.Server server(int version) {
    return new LogChecks.Server(version, "x", false, true, "UTF8", "read committed", true, false);
  }

  /** Pools come to other servers without anybody checking: the reads themselves do. */
  private static void assertNotServed(Connection there) {
    EventLog eventLog = EventLog.create();
    PageLimits limits = new PageLimits(10, 10, 10);
    Cursor one = Cursor.bare(1);
    for (ThrowingCallable read :
        List.<ThrowingCallable>of(
            () -> eventLog.readForward(there, one, one, EventFilter.ALL, limits),
            () -> eventLog.readForward(there, Cursor.EARLIEST, one, EventFilter.ALL, limits),
            () -> eventLog.readBackward(there, one, one, EventFilter.ALL, limits),
            () -> eventLog.check(there, one, one))) {
      assertThatThrownBy(read)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
    }
  }

  private void assertRefused(Connection there, Reason reason, String text) {
    assertThatThrownBy(() -> LogChecks.check(there, settings))
        .isInstanceOfSatisfying(
            LogUnusableException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(text);
  }
}
