package dev.gapless.testkit;

import com.typesafe.config.ConfigFactory;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;

/** Databases that hold an empty log. */
public final class TestLogs {
  private TestLogs() {}

  /** The defaults of reference.conf. */
  public static LogSettings settings() {
    return LogSettings.create(ConfigFactory.defaultReference());
  }

  /** A database of the shared PostgreSQL with the log's tables in it. */
  public static TestDatabase create() {
    return migrate(TestDatabase.create(), settings());
  }

  /** Returns the same database, migrated. */
  public static TestDatabase migrate(TestDatabase database, LogSettings settings) {
    LogMigration.migrate(database.dataSource(), settings);
    return database;
  }
}
