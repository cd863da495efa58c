package dev.gapless.log;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * Brings one module's tables in schema {@code gapless} to what this release needs, by Flyway with a
 * history table of the module's own: a host that uses Flyway itself is not disturbed, and modules
 * do not share version numbers.
 *
 * <p>Safe when several nodes start at once. Migrations only ever expand: nodes of the previous
 * release keep working beside the new ones, so a history with newer entries than this release knows
 * is accepted. Needs two connections of the data source at a time. Blocking; thread-safe.
 */
public final class SchemaMigration {
  private static final Duration PAUSE = Duration.ofMillis(250);

  /** Somebody holds a lock, or another node creates the same objects at this moment. */
  private static final Set<String> RETRIED =
      Set.of("55P03", "40P01", "40001", "23505", "42P06", "42P07", "42710", "XX000");

  private SchemaMigration() {}

  /**
   * Does what {@link LogSettings#migrate} says.
   *
   * @param history the table in schema {@code gapless} that records what was done
   * @param location the folder on the class path that holds the migrations
   * @throws SchemaMigrationException if the tables are not what this release needs, or could not be
   *     brought there within {@link LogSettings#migrateTimeout}
   */
  public static void migrate(
      DataSource dataSource, LogSettings settings, String history, String location) {
    switch (settings.migrate()) {
      case OFF -> {}
      case VALIDATE -> validate(flyway(dataSource, history, location));
      case AUTO -> migrateRetrying(dataSource, settings.migrateTimeout(), history, location);
    }
  }

  private static void validate(Flyway flyway) {
    try {
      flyway.validate();
    } catch (FlywayException e) {
      throw new SchemaMigrationException(
          "the tables in schema gapless are not what this release needs (gapless.migrate ="
              + " validate)",
          e);
    }
  }

  private static void migrateRetrying(
      DataSource dataSource, Duration timeout, String history, String location) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      try {
        flyway(dataSource, history, location).migrate();
        return;
      } catch (FlywayException e) {
        if (!isRetried(e) || System.nanoTime() - deadline > 0) {
          throw new SchemaMigrationException("could not migrate the tables in schema gapless", e);
        }
      }
      pause();
    }
  }

  private static Flyway flyway(DataSource dataSource, String history, String location) {
    // nothing of the host's Flyway may leak in: no files, no environment, no callbacks
    return Flyway.configure(SchemaMigration.class.getClassLoader())
        .dataSource(dataSource)
        .locations("classpath:" + location)
        .failOnMissingLocations(true)
        .schemas(LogNames.SCHEMA)
        .defaultSchema(LogNames.SCHEMA)
        .createSchemas(true)
        .table(history)
        // the schema is not empty if another module was here first
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .placeholderReplacement(false)
        .skipDefaultCallbacks(true)
        .cleanDisabled(true)
        .load();
  }

  private static boolean isRetried(FlywayException e) {
    return sqlState(e).filter(RETRIED::contains).isPresent();
  }

  private static Optional<String> sqlState(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        return Optional.ofNullable(sql.getSQLState());
      }
    }
    return Optional.empty();
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SchemaMigrationException("interrupted while waiting for a lock", e);
    }
  }
}
