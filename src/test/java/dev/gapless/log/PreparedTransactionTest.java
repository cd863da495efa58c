package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A prepared transaction keeps its place in the lock read, before and after a restart. */
class PreparedTransactionTest {
  private final HeadReads reads = HeadReads.create();

  @Test
  void itIsNamedByItsGlobalId() throws SQLException {
    try (TestDatabase database =
        TestDatabase.ownCluster(Map.of("max_prepared_transactions", "5"))) {
      TestLogs.migrate(database, TestLogs.settings());
      try (Connection writer = database.dataSource().getConnection()) {
        Sql.run(
            writer,
            "SET gapless.notify = 'off'",
            "BEGIN",
            "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')",
            "PREPARE TRANSACTION 'the prepared one'");
        // its session goes on, as another virtual transaction
        Sql.run(writer, "BEGIN", "SELECT gapless.publish('o', '/b', 't')");
        try (Connection connection = database.dataSource().getConnection()) {
          LockRead read = reads.locks(connection);
          assertThat(read.sequenceHolders()).hasSize(2);
          assertThat(read.preparedHolder()).isTrue();
          List<Blocker> blockers = reads.blockers(connection, read.sequenceHolders());
          assertThat(blockers).hasSize(2);
          assertThat(blockers)
              .filteredOn(blocker -> blocker.pid() == 0)
              .extracting(Blocker::name)
              .containsExactly("the prepared one");
        }
      }
      database.stop(StopMode.FAST);
      database.start();
      try (Connection connection = database.dataSource().getConnection()) {
        LockRead read = reads.locks(connection);
        assertThat(read.sequenceHolders()).hasSize(1);
        assertThat(read.preparedHolder()).isTrue();
        assertThat(reads.blockers(connection, read.sequenceHolders()))
            .extracting(Blocker::name)
            .containsExactly("the prepared one");
        Sql.run(connection, "COMMIT PREPARED 'the prepared one'");
        assertThat(reads.locks(connection).sequenceHolders()).isEmpty();
        // a transaction that is not prepared holds the sequence too
        Sql.run(connection, "BEGIN", "SELECT gapless.publish('o', '/c', 't')");
        assertThat(reads.locks(connection).sequenceHolders()).hasSize(1);
        assertThat(reads.locks(connection).preparedHolder()).isFalse();
        Sql.run(connection, "ROLLBACK");
        assertThat(reads.blockers(connection, Set.of("3/999", "-1/5"))).isEmpty();
      }
    }
  }
}
