package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.TcpProxy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The database's address moves to a promoted standby, and the old machine falls silent: connections
 * to it do not end. For some seconds a node has new connections to the new history and one, on
 * which it follows the log, to nowhere.
 */
@ExtendWith(SharedSite.class)
class MovedAddressTest {
  @Test
  void aNodeThatStillFollowsTheSilentServerServesNoNewClientFromIt(Site site) {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      site.insert(Site.QUIET, 3);
      site.insertForAll(2);
      site.awaitJustice(clients);
      standby.catchUp(site.primary());
      standby.fallBehind();
      site.insertForAll(Site.MANY);
      site.awaitJustice(clients);
      History lost = History.read(site.database());

      TcpProxy silent = site.restless.proxy();
      site.forgetful.proxy().accepting(false);
      site.forgetful.proxy().reset();
      silent.strand();
      site.primary().kill9();
      site.replace(standby.promote(), lost);
      site.letIn();
      site.insertForAll(2);
      // of the new history, at positions which the silent node takes for those of the old one
      await("the other node follows the new history")
          .atMost(Duration.ofSeconds(30))
          .until(site.forgetful.node()::isReady);
      site.insertForAll(1);
      Watched moving = clients.add(site.watch(site.forgetful.node(), "after=earliest", e -> true));
      History now = History.read(site.database());
      await("the client has all of the new history")
          .atMost(Duration.ofSeconds(20))
          .until(() -> moving.client().count() == now.size());
      assertThat(now.last()).isLessThan(lost.last());
      int opened = moving.client().controls("gapless.open").size();
      moving.client().moveTo(site.restless.node());
      await("the client is at the silent node")
          .atMost(Duration.ofSeconds(20))
          .until(() -> moving.client().controls("gapless.open").size() > opened);
      await("the silent node has looked into the new history")
          .atMost(Duration.ofSeconds(60))
          .until(() -> lookedAtCursors(site));
      int served = moving.client().count();
      EventClient finite =
          EventClient.watch(site.restless.node(), "/v1/events?after=earliest&live=false");
      await("nothing of the old history comes")
          .during(Duration.ofSeconds(1))
          .atMost(Duration.ofSeconds(5))
          .until(
              () ->
                  moving.client().count() == served && finite.controls("gapless.close").isEmpty());
      silent.reset();
      site.insertForAll(Site.MANY);
      site.awaitReady();
      site.insertForAll(1);
      site.awaitJustice(clients);
      assertThat(moving.client().resets()).isEmpty();
      await("the finite stream ends")
          .atMost(Duration.ofSeconds(20))
          .until(() -> !finite.controls("gapless.close").isEmpty());
      finite.close();
      List<String> complete = History.read(site.database()).cursors();
      assertThat(finite.receivedSinceReset().stream().map(EventClient.Received::cursor).toList())
          .as("all of the new history that was acknowledged when it was asked for")
          .isEqualTo(complete.subList(0, finite.receivedSinceReset().size()))
          .hasSizeGreaterThanOrEqualTo(now.size());
      System.out.printf(
          "moved address: of %d clients %d were reset, none wrongly%n",
          clients.size(), clients.resets());
    }
  }

  private static boolean lookedAtCursors(Site site) {
    return !site.primary()
        .query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gapless/"
                + site.restless.node().name()
                + "' AND query LIKE '%JOIN gapless.retired%' AND state = 'idle'")
        .equals("0");
  }
}
