package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.log.HeadReads.TimedRows;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When rows were committed, in every way that PostgreSQL can commit a row. */
class CommitTimesTest {
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')";

  private final HeadReads reads = HeadReads.create();
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    database =
        TestLogs.migrate(
            TestDatabase.ownCluster(Map.of("max_prepared_transactions", "2")), TestLogs.settings());
    connection = database.dataSource().getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void theyAreKnownFromTheRestartOnThatSwitchesThemOn() throws SQLException {
    Sql.run(connection, INSERT, INSERT);
    assertThat(reads.keepsCommitTimes(connection)).isFalse();
    switchOn();
    assertThat(reads.keepsCommitTimes(connection)).isTrue();
    Sql.run(connection, INSERT);
    TimedRows rows = rows();
    assertThat(rows.events()).hasSize(3);
    assertThat(rows.times().micros(1)).isZero();
    assertThat(rows.times().micros(2)).isZero();
    assertThat(rows.times().micros(3)).isBetween(insertedAt(3), now());
    assertThat(rows.events()).isEqualTo(reads.rows(connection, 0, 99, 99, 1 << 20));
  }

  @Test
  void savepointsPreparedTransactionsAndFrozenRows() throws SQLException {
    switchOn();
    connection.setAutoCommit(false);
    Sql.run(connection, INSERT, "SAVEPOINT a", INSERT, "SAVEPOINT b", INSERT);
    Sql.run(connection, "RELEASE a", INSERT, "SAVEPOINT c", INSERT, "ROLLBACK TO c", INSERT);
    long before = afterAWhile();
    connection.commit();
    Sql.run(connection, "SET gapless.notify = 'off'", INSERT, "PREPARE TRANSACTION 'two'");
    connection.setAutoCommit(true);
    long prepared = afterAWhile();
    Sql.run(connection, "COMMIT PREPARED 'two'");
    TimedRows rows = rows();
    assertThat(rows.events()).hasSize(6);
    for (long position : new long[] {1, 2, 3, 4, 6}) {
      assertThat(rows.times().micros(position)).as("%d", position).isBetween(before, prepared);
    }
    assertThat(rows.times().micros(5)).as("rolled back").isZero();
    assertThat(rows.times().micros(7)).isBetween(prepared, now());

    Sql.run(connection, "VACUUM FREEZE gapless.events", "CHECKPOINT");
    assertThat(rows().events()).hasSize(6);
    Sql.run(connection, INSERT);
    assertThat(rows().times().micros(8)).isBetween(insertedAt(8), now());
  }

  /** The row at the head has been delivered before. */
  @Test
  void theAnchorHasNone() throws SQLException {
    switchOn();
    Sql.run(connection, INSERT, INSERT);
    TimedRows rows = reads.timedRows(connection, 1, 99, 99, 1 << 20);
    assertThat(rows.events()).hasSize(2);
    assertThat(rows.times().micros(1)).isZero();
    assertThat(rows.times().micros(2)).isPositive();
  }

  private void switchOn() throws SQLException {
    Sql.run(connection, "ALTER SYSTEM SET track_commit_timestamp = on");
    connection.close();
    database.stop(StopMode.FAST);
    database.start();
    connection = database.dataSource().getConnection();
  }

  private TimedRows rows() throws SQLException {
    return reads.timedRows(connection, 0, 99, 99, 1 << 20);
  }

  /** Not before the database's clock has moved by some milliseconds. */
  private long afterAWhile() throws SQLException {
    long begun = now();
    Awaitility.await().until(() -> now() > begun + 5_000);
    return begun + 5_000;
  }

  private long now() throws SQLException {
    return Sql.number(
        connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  }

  private long insertedAt(long position) throws SQLException {
    return Sql.number(
        connection,
        "SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM gapless.events WHERE id = "
            + position);
  }
}
