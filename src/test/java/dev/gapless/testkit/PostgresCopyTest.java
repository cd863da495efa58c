package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TcpProxy.Flow;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Backups, standbys and dumps are what their names say. */
class PostgresCopyTest {
  private static final String COUNT = "SELECT count(*) FROM mark";

  private static TestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(Map.of());
    cluster.execute("CREATE TABLE mark (id int)");
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void aBackupHoldsWhatWasCommittedBeforeAndNothingElse() {
    cluster.execute("TRUNCATE mark; INSERT INTO mark VALUES (1), (2)");
    try (PostgresCopy copy = cluster.copy()) {
      cluster.execute("INSERT INTO mark VALUES (3)");
      try (TestCluster restored = copy.start();
          TestCluster recovered = copy.startOnNewTimeline(0)) {
        assertThat(restored.query(COUNT)).isEqualTo("2");
        assertThat(recovered.query(COUNT)).isEqualTo("2");
        assertThat(timeline(restored)).isEqualTo(timeline(cluster));
        assertThat(timeline(recovered)).isNotEqualTo(timeline(cluster));
        restored.execute("INSERT INTO mark VALUES (4), (5)");
        int port = restored.port();
        restored.stop(StopMode.FAST);
        try (TestCluster again = copy.start(port)) {
          assertThat(again.port()).isEqualTo(port);
          assertThat(again.query(COUNT)).isEqualTo("2");
        }
      }
    }
    assertThat(cluster.query(COUNT)).isEqualTo("3");
  }

  @Test
  void aPromotedStandbyLacksWhatItDidNotReceive() {
    cluster.execute("TRUNCATE mark");
    try (PostgresCopy copy = cluster.copy();
        TcpProxy link = TcpProxy.to(cluster.port());
        TestCluster standby = copy.startStandbyOf(link.port())) {
      cluster.execute("INSERT INTO mark VALUES (1), (2)");
      standby.awaitReplayed(cluster.walPosition());
      assertThat(standby.query(COUNT)).isEqualTo("2");
      link.toClient(Flow.HOLD);
      cluster.execute("INSERT INTO mark VALUES (3)");
      standby.promote();
      assertThat(standby.query(COUNT)).isEqualTo("2");
      standby.execute("INSERT INTO mark VALUES (4), (5)");
      assertThat(standby.query(COUNT)).isEqualTo("4");
      assertThat(timeline(standby)).isNotEqualTo(timeline(cluster));
      // the same address leads to the promoted one
      link.target(standby.port());
      link.toClient(Flow.PASS);
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> PostgresCopyTest.countAt(link.port()).equals("4"));
    }
    assertThat(cluster.query(COUNT)).isEqualTo("3");
  }

  @Test
  void aDumpTakesRowsAndSequence() {
    LogSettings settings = LogSettings.create(ConfigFactory.load());
    try (TestDatabase from = TestDatabase.create();
        TestDatabase into = TestDatabase.create()) {
      LogMigration.migrate(from.dataSource(), settings);
      from.execute(
          "INSERT INTO gapless.events (owner, path, type, data) SELECT 'a', '/' || n, 'x',"
              + " jsonb_build_object('tab', E'\\t\\n', 'n', n) FROM generate_series(1, 50) AS n");
      from.execute("SELECT nextval(pg_get_serial_sequence('gapless.events', 'id'))");
      LogMigration.migrate(into.dataSource(), settings);
      into.execute("INSERT INTO gapless.events (owner, path, type) VALUES ('b', '/', 'y')");
      TableDump.of(from.dataSource()).restore(into.dataSource());
      String rows = "SELECT md5(string_agg(e::text, '|' ORDER BY id)) FROM gapless.events AS e";
      assertThat(into.query(rows)).isEqualTo(from.query(rows));
      assertThat(into.query("SELECT gapless.publish('b', '/', 'y')")).isEqualTo("52");
    }
  }

  private static String timeline(TestCluster of) {
    return of.query("SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)");
  }

  private static String countAt(int port) {
    return TestCluster.query(TestCluster.dataSource(port, "postgres"), COUNT);
  }
}
