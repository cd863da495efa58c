package dev.gapless.files;

import dev.gapless.log.LogSettings;
import dev.gapless.log.SchemaMigration;
import dev.gapless.log.SchemaMigrationException;
import javax.sql.DataSource;

/** Creates and upgrades the tables of the files; those of the log come first. */
public final class FileMigration {
  private static final String HISTORY = "files_schema_history";
  private static final String LOCATION = "dev/gapless/files/migration";

  private FileMigration() {}

  /**
   * Does what {@code gapless.migrate} says. Blocking. Safe when several nodes start at once.
   *
   * @throws SchemaMigrationException as {@link SchemaMigration#migrate}
   */
  public static void migrate(DataSource dataSource, LogSettings settings) {
    SchemaMigration.migrate(dataSource, settings, HISTORY, LOCATION);
  }
}
