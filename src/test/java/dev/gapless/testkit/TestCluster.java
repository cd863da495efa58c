package dev.gapless.testkit;

import dev.gapless.server.EmbeddedPostgres;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.server.EmbeddedPostgresSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL process for tests, durable settings on a folder in memory. Everybody is let in as
 * superuser {@code postgres}. Closing it removes its folder.
 */
public final class TestCluster implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final EmbeddedPostgres postgres;
  private final Map<String, String> parameters;

  private TestCluster(EmbeddedPostgres postgres, Map<String, String> parameters) {
    this.postgres = postgres;
    this.parameters = Map.copyOf(parameters);
  }

  /** Started; parameters such as {@code max_prepared_transactions} win over the defaults. */
  public static TestCluster start(Map<String, String> parameters) {
    return startIn(TestFolders.ofThisProcess(), parameters);
  }

  /** With its data in a folder of this folder, such as that of a {@link SmallDisk}. */
  static TestCluster startIn(Path parent, Map<String, String> parameters) {
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
    return start(parent.resolve(newFolder().getFileName()), all, 0);
  }

  /** On a folder that may hold data already; the port 0 takes a free one. */
  static TestCluster start(Path folder, Map<String, String> parameters, int port) {
    EmbeddedPostgresSettings settings =
        EmbeddedPostgresSettings.at(folder).withParameters(parameters).withPort(port);
    TestCluster cluster = new TestCluster(EmbeddedPostgres.create(settings), parameters);
    cluster.start();
    return cluster;
  }

  /** It does not exist yet. */
  static Path newFolder() {
    return TestFolders.ofThisProcess().resolve("pg-" + NUMBER.incrementAndGet());
  }

  public void start() {
    postgres.start();
  }

  public void stop(StopMode mode) {
    postgres.stop(mode);
  }

  /** Kills all its processes at once, as a crash of the machine would, and waits for their end. */
  public void kill9() {
    List<ProcessHandle> all = new ArrayList<>(List.of(postmaster()));
    postmaster().descendants().forEach(all::add);
    all.forEach(ProcessHandle::destroyForcibly);
    Awaitility.await("end of PostgreSQL's processes")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> all.stream().noneMatch(TestCluster::works));
  }

  /**
   * From now on no file of this PostgreSQL grows beyond this (RLIMIT_FSIZE): what would is refused
   * as on a full disk, for users who may not mount a {@link SmallDisk}. Segments of PostgreSQL's
   * own log have 16 MiB: with a lower limit it crashes.
   */
  public void limitFileSize(long bytes) {
    FileSizeLimit.set(postmaster(), bytes);
  }

  public void liftFileSizeLimit() {
    limitFileSize(FileSizeLimit.NONE);
  }

  /** Restarts it as a process that lives by this clock; after another restart it does not. */
  public void restartUnder(MovableClock clock) {
    ClockedPostgres.restart(this, clock);
  }

  ProcessHandle postmaster() {
    return postgres.process().orElseThrow(() -> new IllegalStateException("does not run"));
  }

  /** The beginning of a command that is to run as this user. */
  static List<String> asUser(String user) {
    return user.equals(System.getProperty("user.name"))
        ? new ArrayList<>()
        : new ArrayList<>(
            List.of(
                "sh",
                "-c",
                "exec setpriv --reuid=$0 --regid=$(id -g $0) --clear-groups \"$@\"",
                user));
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
    return dataSource(port(), database);
  }

  /** The same for any PostgreSQL of ours, or a proxy in front of it. */
  public static PGSimpleDataSource dataSource(int port, String database) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {"127.0.0.1"});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName(database);
    source.setUser("postgres");
    return source;
  }

  /** With the user in it; no password is needed. */
  public String jdbcUrl(String database) {
    return postgres.jdbcUrl(database) + "?user=postgres";
  }

  /** A base backup of it, taken while it runs. */
  public PostgresCopy copy() {
    return PostgresCopy.of(this);
  }

  /** Makes a standby a primary, which goes on with what it has received. */
  public void promote() {
    query("SELECT pg_promote(true, 60)");
    Awaitility.await("promotion")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(10))
        .until(() -> query("SELECT pg_is_in_recovery()").equals("f"));
  }

  /** How far a primary's write-ahead log reaches now: {@link #awaitReplayed} waits for it. */
  public String walPosition() {
    return query("SELECT pg_current_wal_insert_lsn()");
  }

  /** Waits until a standby shows everything up to there. */
  public void awaitReplayed(String walPosition) {
    Awaitility.await("replay")
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(5))
        .until(
            () ->
                query("SELECT pg_last_wal_replay_lsn() >= '" + walPosition + "'::pg_lsn")
                    .equals("t"));
  }

  /** What it was started with. */
  public Map<String, String> parameters() {
    return parameters;
  }

  /** One value from the maintenance database, as text; empty if it is null. */
  public String query(String sql) {
    return query(dataSource("postgres"), sql);
  }

  /** On the maintenance database, in autocommit. */
  public void execute(String sql) {
    execute(dataSource("postgres"), sql);
  }

  static String query(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      String value = row.getString(1);
      return value == null ? "" : value;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  static void execute(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
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
