package dev.gapless.server;

import dev.gapless.server.LaunchSettings.Database.Embedded;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The server's own PostgreSQL: the folder taken, the cluster running, database and role {@code
 * gapless} there. The role is not a superuser, so a request that found a way to SQL would not reach
 * the file system.
 */
final class ServerPostgres implements AutoCloseable {
  private static final String NAME = "gapless";

  private final DataFolder folder;
  private final EmbeddedPostgres postgres;
  private final DatabaseAddress address;

  private ServerPostgres(DataFolder folder, EmbeddedPostgres postgres, DatabaseAddress address) {
    this.folder = folder;
    this.postgres = postgres;
    this.address = address;
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

  @Override
  public void close() {
    try {
      postgres.close();
    } finally {
      folder.close();
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
