package dev.gapless.server;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The server's ways to its database.
 *
 * @param pool for requests
 * @param direct one new connection each time, for the tail and the listener: a pool would retire
 *     theirs
 */
record DataSources(HikariDataSource pool, DataSource direct) implements AutoCloseable {
  /** Waits until the database answers, at most as long as the settings say. */
  static DataSources open(DatabaseAddress address, LaunchSettings.Pool settings, String node) {
    PGSimpleDataSource direct = source(address, settings, node);
    awaitDatabase(direct, address, settings.start());
    PGSimpleDataSource pooled = source(address, settings, node);
    pooled.setSocketTimeout(seconds(settings.socket()));
    HikariConfig config = new HikariConfig();
    config.setDataSource(pooled);
    config.setPoolName("gapless-pool");
    config.setMaximumPoolSize(settings.size());
    config.setConnectionTimeout(settings.acquire().toMillis());
    config.setValidationTimeout(Math.min(2_000, settings.acquire().toMillis()));
    config.setInitializationFailTimeout(-1);
    return new DataSources(new HikariDataSource(config), direct);
  }

  @Override
  public void close() {
    pool.close();
  }

  private static PGSimpleDataSource source(
      DatabaseAddress address, LaunchSettings.Pool settings, String node) {
    PGSimpleDataSource source = address.toDataSource();
    source.setApplicationName("gapless/" + node);
    source.setTcpKeepAlive(true);
    // the details of an error quote rows: owners, paths and data
    source.setLogServerErrorDetail(false);
    source.setConnectTimeout(seconds(settings.connect()));
    source.setLoginTimeout(seconds(settings.connect()));
    // A standby lags behind: nothing that decides or serves positions may read there.
    source.setTargetServerType("primary");
    return source;
  }

  private static void awaitDatabase(DataSource source, DatabaseAddress address, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      try (Connection connection = source.getConnection()) {
        connection.isValid(1);
        return;
      } catch (SQLException e) {
        if (isFinal(e.getSQLState()) || System.nanoTime() > deadline) {
          throw new Refusal("cannot connect to " + address + ": " + e.getMessage(), e);
        }
        pause();
      }
    }
  }

  /** Wrong password, role or database: waiting does not help. */
  private static boolean isFinal(@Nullable String state) {
    return state != null && (state.startsWith("28") || state.startsWith("3D"));
  }

  private static void pause() {
    try {
      Thread.sleep(250);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal("interrupted while waiting for the database", e);
    }
  }

  private static int seconds(Duration duration) {
    return (int) Math.max(1, duration.toSeconds());
  }
}
