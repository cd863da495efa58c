package dev.gapless.log;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Creates and upgrades the tables of the log. */
public final class LogMigration {
  private static final String HISTORY = "schema_history";
  private static final String LOCATION = "dev/gapless/log/migration";

  private LogMigration() {}

  /**
   * Does what {@code gapless.migrate} says; with {@code auto} the first partitions exist
   * afterwards. Blocking. Safe when several nodes start at once.
   *
   * @throws SchemaMigrationException as {@link SchemaMigration#migrate}, or if no partition could
   *     be created
   */
  public static void migrate(DataSource dataSource, LogSettings settings) {
    SchemaMigration.migrate(dataSource, settings, HISTORY, LOCATION);
    if (settings.migrate() == MigrateMode.AUTO) {
      try (Connection connection = dataSource.getConnection()) {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(true);
        Partitions.create(settings).ensureAheadAtStart(connection);
        connection.setAutoCommit(autoCommit);
      } catch (SQLException e) {
        throw new SchemaMigrationException("could not create the partitions of the log", e);
      }
    }
  }
}
