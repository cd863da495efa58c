package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HeadReadsTest {
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')";

  private final HeadReads reads = HeadReads.create();
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
  void locksNameWhoeverHasDrawnAPositionAndNobodyElse() throws SQLException {
    assertThat(reads.locks(connection)).isEqualTo(new LockRead(Set.of(), false, 0, false, false));
    try (Connection writer = database.dataSource().getConnection();
        Connection second = database.dataSource().getConnection();
        Connection deleter = database.dataSource().getConnection()) {
      deleter.setAutoCommit(false);
      Sql.run(deleter, "DELETE FROM gapless.events");
      assertThat(reads.locks(connection).anyInFlight()).isFalse();
      writer.setAutoCommit(false);
      Sql.run(writer, "SET application_name = 'the writer'", INSERT);
      LockRead one = reads.locks(connection);
      assertThat(one.sequenceHolders()).hasSize(1);
      assertThat(one.electionHeld()).isTrue();
      assertThat(one.lastValue()).isEqualTo(1);
      second.setAutoCommit(false);
      Sql.run(second, "SAVEPOINT a", INSERT, "ROLLBACK TO SAVEPOINT a");
      LockRead two = reads.locks(connection);
      assertThat(two.sequenceHolders()).hasSize(2).containsAll(one.sequenceHolders());
      assertThat(two.lastValue()).isEqualTo(2);

      List<Blocker> blockers = reads.blockers(connection, one.sequenceHolders());
      assertThat(blockers).hasSize(1);
      assertThat(blockers.get(0).name()).isEqualTo("the writer");
      assertThat(blockers.get(0).pid())
          .isEqualTo((int) Sql.number(writer, "SELECT pg_backend_pid()"));

      writer.commit();
      second.commit();
      assertThat(reads.locks(connection)).isEqualTo(new LockRead(Set.of(), false, 2, false, false));
    }
  }

  @Test
  void rowsBeginWithTheAnchorAndStopAtTheirLimits() throws SQLException {
    List<Cursor> cursors =
        EventLog.create()
            .append(
                connection,
                java.util.stream.IntStream.range(0, 100)
                    .mapToObj(i -> EventDraft.of("o", "/a", "t", "\"" + "x".repeat(10_000) + "\""))
                    .toList());
    assertThat(reads.rows(connection, 10, 20, 100, 1 << 20))
        .extracting(event -> event.cursor())
        .isEqualTo(cursors.subList(9, 20));
    assertThat(reads.rows(connection, 10, 90, 5, 1 << 20)).hasSize(5);
    assertThat(reads.rows(connection, 1, 100, 1_000, 1 << 20)).hasSize(100);
    assertThat(reads.rows(connection, 1, 100, 1_000, 300_000)).hasSizeBetween(29, 31);
    assertThat(reads.rows(connection, 1, 100, 1_000, 300_000).get(0).data()).isEmpty();
    assertThat(reads.rows(connection, 1, 100, 1_000, 1)).hasSize(2);
    assertThat(reads.rows(connection, 0, 100, 1_000, 1)).hasSize(1);
    assertThat(reads.rows(connection, 101, 1_000, 1_000, 1)).isEmpty();
    assertThat(reads.highestVisible(connection)).contains(cursors.get(99));
  }

  @Test
  void theDecidedMarkOnlyMovesForwardUnlessReplaced() throws SQLException {
    assertThat(reads.decided(connection)).isEmpty();
    assertThat(reads.retired(connection)).isEmpty();
    reads.storeDecided(connection, new Cursor(10, 7), false);
    reads.storeDecided(connection, new Cursor(9, 8), false);
    assertThat(reads.decided(connection)).contains(new Cursor(10, 7));
    reads.storeDecided(connection, new Cursor(9, 8), true);
    assertThat(reads.decided(connection)).contains(new Cursor(9, 8));
  }
}
