package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.gapless.files.FileMigration;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.testkit.TableDump;
import dev.gapless.testkit.TestCluster;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The log moves to a new PostgreSQL by dump and restore, with nothing in common but its rows: all
 * cursors stay good.
 */
@ExtendWith(SharedSite.class)
class DumpAndRestoreTest {

  @Test
  void nobodyNoticesADumpThatWasRestoredElsewhere(Site site) {
    site.insert(Site.QUIET, 3);
    site.insertForAll(5);
    try (Clients clients = site.everybody()) {
      site.awaitJustice(clients);
      // the last positions are dead: no row says that they were handed out
      Site.execute(
          site.database(),
          "BEGIN; INSERT INTO gapless.events (owner, path, type)"
              + " SELECT 'a', '/', 'x' FROM generate_series(1, 50); ROLLBACK");
      site.cutOff();
      History dumped = History.read(site.database());
      TableDump dump = TableDump.of(site.database());
      TestCluster restored = TestCluster.start(site.primary().parameters());
      restored.execute("CREATE DATABASE " + Site.DATABASE + " TEMPLATE template0");
      restored.execute("ALTER DATABASE " + Site.DATABASE + " SET gapless.notify = 'on'");
      DataSource into = Site.database(restored);
      LogSettings settings = LogSettings.create(ConfigFactory.load());
      LogMigration.migrate(into, settings);
      FileMigration.migrate(into, settings);
      dump.restore(into);
      site.replace(restored, dumped);
      site.insertForAll(3);
      site.letIn();
      site.awaitReady();
      site.insertForAll(3);
      site.insert(Site.QUIET, 1);

      site.awaitJustice(clients);
      assertThat(clients.resets()).isZero();
      History now = History.read(site.database());
      assertThat(dumped.missingIn(now)).isZero();
      assertThat(now.next(dumped.last(), event -> true).orElseThrow().position())
          .as("no position is handed out again")
          .isGreaterThan(dumped.handedOut());
      System.out.printf(
          "dump and restore: %d clients went on over %d events that were dumped and %d new ones, no"
              + " reset%n",
          clients.size(), dumped.size(), now.size() - dumped.size());
    }
  }
}
