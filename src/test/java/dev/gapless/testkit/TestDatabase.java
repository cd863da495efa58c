package dev.gapless.testkit;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * An empty database of its own for one test, in a real PostgreSQL.
 *
 * <p>{@link #create()} takes it from one PostgreSQL that all tests of this JVM share and that ends
 * with the JVM: a test must not stop it, change its parameters or count on being alone in it. A
 * test that does any of this takes {@link #ownCluster}.
 */
public final class TestDatabase implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final TestCluster cluster;
  private final String name;
  private final boolean own;
  private final List<HikariDataSource> pools = new ArrayList<>();

  private TestDatabase(TestCluster cluster, boolean own) {
    this(cluster, own, "");
  }

  private TestDatabase(TestCluster cluster, boolean own, String options) {
    this.cluster = cluster;
    this.own = own;
    this.name = "test_" + NUMBER.incrementAndGet();
    cluster.execute("CREATE DATABASE " + name + " TEMPLATE template0" + options);
  }

  /** In the shared PostgreSQL. Closing drops it, with everybody still connected to it. */
  public static TestDatabase create() {
    return new TestDatabase(Shared.CLUSTER, false);
  }

  /** In a PostgreSQL that belongs to this test alone. Closing removes it. */
  public static TestDatabase ownCluster() {
    return ownCluster(Map.of());
  }

  /**
   * In a PostgreSQL that belongs to this test alone.
   *
   * @param parameters PostgreSQL parameters such as {@code max_prepared_transactions}
   */
  public static TestDatabase ownCluster(Map<String, String> parameters) {
    return new TestDatabase(TestCluster.start(parameters), true);
  }

  /** As {@link #ownCluster(Map)}, with all that PostgreSQL writes on this disk. */
  public static TestDatabase ownClusterOn(SmallDisk disk, Map<String, String> parameters) {
    return new TestDatabase(TestCluster.startIn(disk.folder(), parameters), true);
  }

  /**
   * As {@link #ownCluster(Map)}, with its tables on this disk but PostgreSQL's own log and system
   * tables elsewhere: it survives when the disk is full, and answers with errors.
   */
  public static TestDatabase ownClusterWithTablesOn(
      SmallDisk disk, Map<String, String> parameters) {
    TestCluster cluster = TestCluster.start(parameters);
    Path folder = disk.folderOwnedAs(cluster.dataDirectory());
    cluster.execute("CREATE TABLESPACE small LOCATION '" + folder + "'");
    return new TestDatabase(cluster, true, " TABLESPACE small");
  }

  public String name() {
    return name;
  }

  /** One new connection for each call, nothing pooled. Configure it further at will. */
  public PGSimpleDataSource dataSource() {
    return cluster.dataSource(name);
  }

  /** One value as text; empty if it is null. */
  public String query(String sql) {
    return TestCluster.query(dataSource(), sql);
  }

  /** In autocommit. */
  public void execute(String sql) {
    TestCluster.execute(dataSource(), sql);
  }

  /** Closed together with the database. */
  public HikariDataSource pool(int size) {
    HikariConfig config = new HikariConfig();
    config.setDataSource(dataSource());
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(0);
    config.setConnectionTimeout(5_000);
    config.setValidationTimeout(1_000);
    config.setInitializationFailTimeout(-1);
    config.setPoolName(name + "-" + pools.size());
    HikariDataSource pool = new HikariDataSource(config);
    pools.add(pool);
    return pool;
  }

  /** With the user in it; no password is needed. */
  public String jdbcUrl() {
    return cluster.jdbcUrl(name);
  }

  public int port() {
    return cluster.port();
  }

  /** Such as 18. */
  public int majorVersion() {
    return cluster.majorVersion();
  }

  public boolean isRunning() {
    return cluster.isRunning();
  }

  /** Only with a cluster of its own. The port stays the same over stop and start. */
  public void stop(StopMode mode) {
    requireOwn();
    cluster.stop(mode);
  }

  /** Only with a cluster of its own: all processes of PostgreSQL die at once. */
  public void kill9() {
    requireOwn();
    cluster.kill9();
  }

  /** Only with a cluster of its own. */
  public void start() {
    requireOwn();
    cluster.start();
  }

  /** Only with a cluster of its own; see {@link TestCluster#limitFileSize}. */
  public void limitFileSize(long bytes) {
    requireOwn();
    cluster.limitFileSize(bytes);
  }

  public void liftFileSizeLimit() {
    requireOwn();
    cluster.liftFileSizeLimit();
  }

  /** Only with a cluster of its own; see {@link TestCluster#restartUnder}. */
  public void restartUnder(MovableClock clock) {
    requireOwn();
    cluster.restartUnder(clock);
  }

  /** Only with a cluster of its own. Copy it or put it back while PostgreSQL is stopped. */
  public Path dataDirectory() {
    requireOwn();
    return cluster.dataDirectory();
  }

  @Override
  public void close() {
    pools.forEach(HikariDataSource::close);
    if (own) {
      cluster.close();
    } else {
      cluster.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }
  }

  private void requireOwn() {
    if (!own) {
      throw new IllegalStateException("this PostgreSQL is shared: take TestDatabase.ownCluster()");
    }
  }

  /** Started by the first test that needs it. */
  private static final class Shared {
    private static final TestCluster CLUSTER = startAndStopWithTheJvm();

    private static TestCluster startAndStopWithTheJvm() {
      TestCluster cluster = TestCluster.start(Map.of());
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    cluster.close();
                    TestFolders.removeIfEmpty();
                  },
                  "stop-test-postgres"));
      return cluster;
    }
  }
}
