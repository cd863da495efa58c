package dev.gapless.server;

import dev.gapless.server.LaunchSettings.Database.Embedded;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's own PostgreSQL: the folder taken, the cluster running and kept running, database and
 * role {@code gapless} there. The role is not a superuser, so a request that found a way to SQL
 * would not reach the file system.
 */
final class ServerPostgres implements AutoCloseable {
  private static final String NAME = "gapless";

  private static final Logger log = LoggerFactory.getLogger(ServerPostgres.class);
  private static final Duration WATCH = Duration.ofSeconds(1);

  private final DataFolder folder;
  private final EmbeddedPostgres postgres;
  private final DatabaseAddress address;
  private final ScheduledExecutorService watch;

  private ServerPostgres(DataFolder folder, EmbeddedPostgres postgres, DatabaseAddress address) {
    this.folder = folder;
    this.postgres = postgres;
    this.address = address;
    this.watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "gapless-postgres-watch");
              thread.setDaemon(true);
              return thread;
            });
    var unused =
        watch.scheduleWithFixedDelay(
            this::restartIfDead, WATCH.toMillis(), WATCH.toMillis(), TimeUnit.MILLISECONDS);
  }

  static ServerPostgres start(Embedded settings) {
    DataFolder folder = DataFolder.take(settings.dataDirectory());
    EmbeddedPostgres postgres = null;
    try {
      String password = folder.password();
      postgres =
          EmbeddedPostgres.create(
              EmbeddedPostgresSettings.at(folder.postgres())
                  .withPort(settings.port())
                  .withSuperuserPassword(password)
                  .withParameters(settings.parameters())
                  .withStartLimit(settings.startLimit()));
      postgres.start();
      createDatabase(postgres, password);
      return new ServerPostgres(
          folder,
          postgres,
          new DatabaseAddress(postgres.jdbcUrl(NAME), Optional.of(NAME), Optional.of(password)));
    } catch (RuntimeException e) {
      if (postgres != null) {
        closeQuietly(postgres, e);
      }
      folder.close();
      throw e;
    }
  }

  DatabaseAddress address() {
    return address;
  }

  /** Waits for a restart that is under way, so that it cannot come after the stop. */
  @Override
  public void close() {
    try {
      watch.shutdown();
      if (!watch.awaitTermination(2, TimeUnit.MINUTES)) {
        log.warn("a restart of PostgreSQL does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      postgres.close();
    } finally {
      folder.close();
    }
  }

  /** PostgreSQL survives the crash of a backend by itself, but not that of its first process. */
  private void restartIfDead() {
    try {
      if (!postgres.isRunning()) {
        log.warn("PostgreSQL has ended; starting it again");
        postgres.start();
      }
    } catch (RuntimeException e) {
      log.error("PostgreSQL cannot be started again yet", e);
    }
  }

  private static void createDatabase(EmbeddedPostgres postgres, String password) {
    PGSimpleDataSource source =
        new DatabaseAddress(
                postgres.jdbcUrl("postgres"), Optional.of("postgres"), Optional.of(password))
            .toDataSource();
    source.setApplicationName("gapless/start");
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      if (isMissing(statement, "SELECT 1 FROM pg_roles WHERE rolname = '" + NAME + "'")) {
        statement.execute("CREATE ROLE " + NAME + " LOGIN PASSWORD '" + password + "'");
        // For naming whoever holds back the log.
        statement.execute("GRANT pg_monitor TO " + NAME);
      }
      if (isMissing(statement, "SELECT 1 FROM pg_database WHERE datname = '" + NAME + "'")) {
        statement.execute("CREATE DATABASE " + NAME + " OWNER " + NAME);
      }
    } catch (SQLException e) {
      throw new Refusal(
          "cannot prepare the embedded PostgreSQL (SQL state " + e.getSQLState() + ")", e);
    }
  }

  private static boolean isMissing(Statement statement, String query) throws SQLException {
    try (ResultSet rows = statement.executeQuery(query)) {
      return !rows.next();
    }
  }

  private static void closeQuietly(EmbeddedPostgres postgres, RuntimeException first) {
    try {
      postgres.close();
    } catch (RuntimeException e) {
      first.addSuppressed(e);
    }
  }
}
