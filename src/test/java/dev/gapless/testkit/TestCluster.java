package dev.gapless.testkit;

import dev.gapless.server.EmbeddedPostgres;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.server.EmbeddedPostgresSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL process for tests, durable settings on a folder in memory. Everybody is let in as
 * superuser {@code postgres}. Closing it removes its folder.
 */
public final class TestCluster implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final EmbeddedPostgres postgres;

  private TestCluster(EmbeddedPostgres postgres) {
    this.postgres = postgres;
  }

  /** Started; parameters such as {@code max_prepared_transactions} win over the defaults. */
  public static TestCluster start(Map<String, String> parameters) {
    Path folder = TestFolders.ofThisProcess().resolve("pg-" + NUMBER.incrementAndGet());
    Map<String, String> all = new java.util.HashMap<>();
    all.put("max_connections", "200");
    all.put("logging_collector", "off");
    all.put("log_min_messages", "warning");
    all.put("log_checkpoints", "off");
    // in the data directory: other kinds outlive a killed PostgreSQL
    all.put("dynamic_shared_memory_type", "mmap");
    all.put("min_wal_size", "80MB");
    all.put("max_wal_size", "512MB");
    all.putAll(parameters);
    TestCluster cluster =
        new TestCluster(
            EmbeddedPostgres.create(EmbeddedPostgresSettings.at(folder).withParameters(all)));
    cluster.start();
    return cluster;
  }

  public void start() {
    postgres.start();
  }

  public void stop(StopMode mode) {
    postgres.stop(mode);
  }

  /** Kills all its processes at once, as a crash of the machine would, and waits for their end. */
  public void kill9() {
    ProcessHandle postmaster =
        postgres.process().orElseThrow(() -> new IllegalStateException("does not run"));
    List<ProcessHandle> all = new ArrayList<>(List.of(postmaster));
    postmaster.descendants().forEach(all::add);
    all.forEach(ProcessHandle::destroyForcibly);
    Awaitility.await("end of PostgreSQL's processes")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> all.stream().noneMatch(TestCluster::works));
  }

  public boolean isRunning() {
    return postgres.isRunning();
  }

  /** The same over all restarts. */
  public int port() {
    return postgres.port();
  }

  public int majorVersion() {
    return postgres.majorVersion();
  }

  /** Copy it or put it back only while PostgreSQL is stopped. */
  public Path dataDirectory() {
    return postgres.dataDirectory();
  }

  /** One new connection for each call, nothing pooled. */
  public PGSimpleDataSource dataSource(String database) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {"127.0.0.1"});
    source.setPortNumbers(new int[] {port()});
    source.setDatabaseName(database);
    source.setUser("postgres");
    return source;
  }

  /** With the user in it; no password is needed. */
  public String jdbcUrl(String database) {
    return postgres.jdbcUrl(database) + "?user=postgres";
  }

  /** On the maintenance database, in autocommit. */
  void execute(String sql) {
    try (Connection connection = dataSource("postgres").getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  @Override
  public void close() {
    try {
      postgres.stop(StopMode.IMMEDIATE);
      TestFolders.delete(postgres.dataDirectory());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A killed process that nobody has collected yet holds nothing any more. */
  private static boolean works(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return process.isAlive();
    }
  }
}
