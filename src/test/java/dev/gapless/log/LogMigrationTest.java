package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogMigrationTest {
  private final LogSettings settings = TestLogs.settings();
  private TestDatabase database;

  @BeforeEach
  void create() {
    database = TestDatabase.create();
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void manyNodesMayStartAtOnceAndAgain() throws Exception {
    ExecutorService nodes = Executors.newFixedThreadPool(6);
    try {
      List<Future<?>> starts = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        starts.add(nodes.submit(() -> LogMigration.migrate(database.dataSource(), settings)));
      }
      for (Future<?> start : starts) {
        start.get(60, TimeUnit.SECONDS);
      }
    } finally {
      nodes.shutdownNow();
    }
    LogMigration.migrate(database.dataSource(), settings);
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(
              Sql.number(
                  connection,
                  "SELECT count(*) FROM gapless.schema_history WHERE success AND version = '1'"))
          .isEqualTo(1);
      assertThat(Partitions.create(settings).observe(connection).count())
          .isEqualTo(settings.partitionsAhead());
    }
  }

  @Test
  void aPoolOfTwoConnectionsWithoutAutocommitIsEnoughAndComesBackUnchanged() throws SQLException {
    HikariConfig config = new HikariConfig();
    config.setDataSource(database.dataSource());
    config.setMaximumPoolSize(2);
    config.setConnectionTimeout(2_000);
    config.setAutoCommit(false);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      LogMigration.migrate(pool, settings);
      try (Connection one = pool.getConnection();
          Connection other = pool.getConnection()) {
        for (Connection connection : List.of(one, other)) {
          assertThat(Sql.text(connection, "SHOW lock_timeout")).isEqualTo("0");
          assertThat(Sql.text(connection, "SHOW search_path")).isEqualTo("\"$user\", public");
          assertThat(Partitions.create(settings).observe(connection).enough()).isTrue();
        }
      }
    }
  }

  @Test
  void aReleaseMayComeBackAfterANewerOne() {
    LogMigration.migrate(database.dataSource(), settings);
    database.execute(
        "INSERT INTO gapless.schema_history SELECT installed_rank + 1, '9999', 'of a newer release',"
            + " type, 'V9999__of_a_newer_release.sql', checksum, installed_by, now(), 1, true"
            + " FROM gapless.schema_history ORDER BY installed_rank DESC LIMIT 1");
    LogMigration.migrate(database.dataSource(), settings);
    LogMigration.migrate(database.dataSource(), settings.withMigrate(MigrateMode.VALIDATE));
  }

  @Test
  void validateRefusesAnEmptyDatabaseAndTouchesNothing() throws SQLException {
    LogSettings validate = settings.withMigrate(MigrateMode.VALIDATE);
    assertThatThrownBy(() -> LogMigration.migrate(database.dataSource(), validate))
        .isInstanceOf(SchemaMigrationException.class)
        .hasMessageContaining("gapless.migrate");
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(Sql.text(connection, "SELECT to_regnamespace('gapless')")).isNull();
    }
    LogMigration.migrate(database.dataSource(), settings);
    LogMigration.migrate(database.dataSource(), validate);
  }

  @Test
  void offDoesNotLook() throws SQLException {
    LogMigration.migrate(database.dataSource(), settings.withMigrate(MigrateMode.OFF));
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(Sql.text(connection, "SELECT to_regnamespace('gapless')")).isNull();
    }
  }

  @Test
  void aSchemaThatIsInUseAlreadyAndAnotherFlywayDoNotDisturb() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      Sql.run(
          connection,
          "CREATE SCHEMA gapless",
          "CREATE TABLE gapless.somebody_elses (id int)",
          "CREATE TABLE public.flyway_schema_history (id int)");
    }
    LogMigration.migrate(database.dataSource(), settings);
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(Sql.number(connection, "SELECT count(*) FROM public.flyway_schema_history"))
          .isZero();
    }
  }

  @Test
  void aNewerReleaseMayHaveMigratedBefore() throws SQLException {
    LogMigration.migrate(database.dataSource(), settings);
    try (Connection connection = database.dataSource().getConnection()) {
      Sql.run(
          connection,
          "INSERT INTO gapless.schema_history SELECT 1000, '1000', 'later', type, 'V1000__later.sql',"
              + " 1, installed_by, installed_on, 1, true FROM gapless.schema_history"
              + " WHERE version = '1'");
    }
    LogMigration.migrate(database.dataSource(), settings);
    LogMigration.migrate(database.dataSource(), settings.withMigrate(MigrateMode.VALIDATE));
  }

  @Test
  void aMigrationNeverWaitsLongForALockAndTriesAgain() throws Exception {
    LogMigration.migrate(database.dataSource(), settings);
    ExecutorService node = Executors.newSingleThreadExecutor();
    try (Connection parked = database.dataSource().getConnection();
        Connection connection = database.dataSource().getConnection()) {
      parked.setAutoCommit(false);
      Sql.run(parked, "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')");
      LogSettings short_ = settings.withMigrateTimeout(Duration.ofSeconds(3));
      assertThatThrownBy(() -> migrateTrigger(short_))
          .isInstanceOf(SchemaMigrationException.class)
          .hasMessageContaining("lock timeout");
      Future<?> start = node.submit(() -> migrateTrigger(settings));
      // while the migration tries, writers get through
      for (int i = 0; i < 50; i++) {
        Sql.run(
            connection,
            "SET lock_timeout = '5s'",
            "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/b', 't')");
      }
      parked.rollback();
      start.get(30, TimeUnit.SECONDS);
      assertThat(Sql.number(connection, "SELECT count(*) FROM pg_trigger WHERE tgname = 'later'"))
          .isEqualTo(1);
    } finally {
      node.shutdownNow();
    }
  }

  private void migrateTrigger(LogSettings with) {
    SchemaMigration.migrate(
        database.dataSource(), with, "test_history", "dev/gapless/log/testmigration");
  }
}
