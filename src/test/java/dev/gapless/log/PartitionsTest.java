package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.log.Partitions.Status;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PartitionsTest {
  private static final String INSERT =
      "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')";

  private final LogSettings settings = TestLogs.settings().withPartitions(10_000, 3);
  private final Partitions partitions = Partitions.create(settings);
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.migrate(TestDatabase.create(), settings);
    connection = database.dataSource().getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void asManyStandReadyAsAskedForWhileTheLogGrows() throws SQLException {
    assertThat(partitions.observe(connection)).isEqualTo(new Status(3, 0, 30_001, 3, true));
    insert(25_000);
    assertThat(partitions.observe(connection)).isEqualTo(new Status(3, 25_000, 30_001, 0, false));
    assertThat(partitions.ensureAhead(connection))
        .isEqualTo(new Status(6, 25_000, 60_001, 3, true));
    insert(30_000);
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.events")).isEqualTo(55_000);
    // indexes, checks and the identity belong to every partition
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.events_p30001")).isPositive();
    assertThat(
            Sql.number(
                connection,
                "SELECT count(*) FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid"
                    + " WHERE x.indisvalid"))
        .isEqualTo(12);
    assertThatThrownBy(
            () ->
                Sql.run(
                    connection,
                    "INSERT INTO gapless.events_p30001 (id, owner, path, type) OVERRIDING SYSTEM"
                        + " VALUE VALUES (59999, 'o', 'not absolute', 't')"))
        .hasMessageContaining("events_path_valid");
    assertThatThrownBy(() -> Sql.run(connection, "TRUNCATE gapless.events_p30001"))
        .hasMessageContaining("must not be truncated");
  }

  @Test
  void aJumpOfTheDefaultSettingsStaysInsideWhatStandsReady() throws SQLException {
    try (TestDatabase other = TestLogs.create();
        Connection there = other.dataSource().getConnection()) {
      Sql.run(there, INSERT, "SELECT setval('gapless.events_id_seq', 30000001)", INSERT);
      assertThat(Sql.number(there, "SELECT max(id) FROM gapless.events")).isEqualTo(30_000_002);
      Status status = Partitions.create(TestLogs.settings()).ensureAhead(there);
      assertThat(status.enough()).isTrue();
      assertThat(status.end() - status.lastPosition()).isGreaterThan(50_000_000);
    }
  }

  @Test
  void aJumpPastEverythingIsCoveredByOneWidePartition() throws SQLException {
    Sql.run(connection, "SELECT setval('gapless.events_id_seq', 5000000000)");
    assertThatThrownBy(() -> Sql.run(connection, INSERT)).hasMessageContaining("no partition");
    Status status = partitions.ensureAhead(connection);
    assertThat(status.count()).isEqualTo(7);
    assertThat(status.enough()).isTrue();
    Sql.run(connection, INSERT);
  }

  @Test
  void severalNodesMayLookAtOnceAmongWritersThatStayOpen() throws Exception {
    try (Connection parked = database.dataSource().getConnection()) {
      parked.setAutoCommit(false);
      Sql.run(parked, INSERT);
      insert(25_000);
      ExecutorService nodes = Executors.newFixedThreadPool(5);
      try {
        List<Future<Status>> looks = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          looks.add(
              nodes.submit(
                  () -> {
                    try (Connection own = database.dataSource().getConnection()) {
                      return partitions.ensureAhead(own);
                    }
                  }));
        }
        for (Future<Status> look : looks) {
          assertThat(look.get(30, TimeUnit.SECONDS).enough()).isTrue();
        }
      } finally {
        nodes.shutdownNow();
      }
      parked.commit();
    }
    assertThat(partitions.observe(connection).count()).isEqualTo(6);
  }

  @Test
  void writersNeitherFailNorWaitWhilePartitionsAreAdded() throws Exception {
    ExecutorService writers = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        done.add(
            writers.submit(
                () -> {
                  try (Connection own = database.dataSource().getConnection()) {
                    Sql.run(own, "SET lock_timeout = '1s'");
                    for (int j = 0; j < 100; j++) {
                      Sql.run(
                          own,
                          "INSERT INTO gapless.events (owner, path, type)"
                              + " SELECT 'o', '/a', 't' FROM generate_series(1, 200)");
                    }
                  }
                  return null;
                }));
      }
      while (done.stream().anyMatch(writer -> !writer.isDone())) {
        partitions.ensureAhead(connection);
      }
      for (Future<?> writer : done) {
        writer.get();
      }
    } finally {
      writers.shutdownNow();
    }
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.events")).isEqualTo(80_000);
    assertThat(partitions.ensureAhead(connection).count()).isEqualTo(11);
  }

  @Test
  void aLockedLogMakesItGiveUpUntilTheNextCall() throws SQLException {
    insert(25_000);
    try (Connection maintenance = database.dataSource().getConnection()) {
      maintenance.setAutoCommit(false);
      Sql.run(maintenance, "LOCK TABLE gapless.events IN SHARE UPDATE EXCLUSIVE MODE");
      Status status = partitions.ensureAhead(connection);
      assertThat(status.enough()).isFalse();
      assertThat(connection.getAutoCommit()).isTrue();
    }
    assertThat(partitions.ensureAhead(connection).enough()).isTrue();
    assertThat(Sql.text(connection, "SHOW lock_timeout")).isEqualTo("0");
  }

  /** As FINALIZE keeps it locked while it waits, somebody's by hand for as long as it takes. */
  @Test
  void aPartitionThatIsLockedDoesNotKeepOthersFromBeingAdded() throws SQLException {
    insert(25_000);
    try (Connection maintenance = database.dataSource().getConnection()) {
      maintenance.setAutoCommit(false);
      Sql.run(maintenance, "LOCK TABLE gapless.events_p1 IN ACCESS EXCLUSIVE MODE");
      Sql.run(connection, "SET lock_timeout = '2s'");
      assertThat(partitions.ensureAhead(connection).enough()).isTrue();
    }
  }

  @Test
  void aRoleThatDoesNotOwnTheLogOnlyLooks() throws SQLException {
    insert(25_000);
    String role = "looks_" + database.name();
    Sql.run(
        connection,
        "CREATE ROLE " + role,
        "GRANT USAGE, CREATE ON SCHEMA gapless TO " + role,
        "GRANT SELECT ON gapless.events TO " + role,
        "GRANT SELECT ON SEQUENCE gapless.events_id_seq TO " + role,
        "SET ROLE " + role);
    try {
      assertThat(partitions.ensureAhead(connection).enough()).isFalse();
    } finally {
      Sql.run(connection, "RESET ROLE", "DROP OWNED BY " + role, "DROP ROLE " + role);
    }
  }

  private void insert(int rows) throws SQLException {
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type)"
            + " SELECT 'o', '/a', 't' FROM generate_series(1, "
            + rows
            + ")");
  }
}
