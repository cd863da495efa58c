package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.PostgresCopy;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A base backup of a moment ago is put in the place of the database. It is the same server as far
 * as anything in it tells: same identity, same timeline, and it hands the same positions out again.
 */
@ExtendWith(SharedSite.class)
class BackupTakenBackTest {
  @Test
  void whileTheNodesRun(Site site) {
    try (Clients clients = site.everybody();
        PostgresCopy backup = backup(site, clients)) {
      History lost = loseSome(site, clients);
      site.cutOff();
      takeBack(site, backup, lost);
      site.insertForAll(Site.MANY + 2);
      site.letIn();
      site.awaitReady();
      site.insertForAll(1);
      judge(site, clients, lost, "backup taken back while the nodes run");
      assertThat(clients.all())
          .allSatisfy(
              watched ->
                  assertThat(watched.client().resets())
                      .allSatisfy(reset -> assertThat(reset.data()).contains("diverged")));
    }
  }

  @Test
  void whileAllNodesAreStopped(Site site) {
    try (Clients clients = site.everybody();
        PostgresCopy backup = backup(site, clients)) {
      History lost = loseSome(site, clients);
      site.nodes().forEach(ServerNode::stop);
      takeBack(site, backup, lost);
      site.insertForAll(Site.MANY + 2);
      site.nodes().parallelStream().forEach(ServerNode::start);
      site.insertForAll(1);
      judge(site, clients, lost, "backup taken back while all nodes are stopped");
    }
  }

  @Test
  void beforeAnyPositionIsHandedOutAgain(Site site) {
    try (Clients clients = site.everybody();
        PostgresCopy backup = backup(site, clients)) {
      History lost = loseSome(site, clients);
      site.cutOff();
      takeBack(site, backup, lost);
      site.letIn();
      site.awaitReady();
      // who stands above all that was handed out is told at once, who stands below it when the head
      // has passed its position
      site.insertForAll(Site.MANY + 2);
      judge(site, clients, lost, "backup taken back, no position handed out again");
    }
  }

  /** What comes before it survives. */
  private static PostgresCopy backup(Site site, Clients clients) {
    site.insert(Site.QUIET, 3);
    site.insertForAll(2);
    site.awaitJustice(clients);
    return site.primary().copy();
  }

  private static History loseSome(Site site, Clients clients) {
    site.insertForAll(Site.MANY);
    site.awaitJustice(clients);
    return History.read(site.database());
  }

  /** At the same port. */
  private static void takeBack(Site site, PostgresCopy backup, History lost) {
    int port = site.primary().port();
    site.primary().stop(StopMode.IMMEDIATE);
    TestCluster restored = backup.start(port);
    site.replace(restored, lost);
  }

  private static void judge(Site site, Clients clients, History lost, String what) {
    site.awaitJustice(clients);
    site.report(what, clients, lost);
  }
}
