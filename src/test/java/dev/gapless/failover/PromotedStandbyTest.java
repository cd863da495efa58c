package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.Load;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestCluster;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The primary dies and its standby takes over, with or without the last commits. */
@ExtendWith(SharedSite.class)
class PromotedStandbyTest {
  @Test
  void withoutTheLastCommits(Site site) {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      survive(site, clients, standby);
      loseSome(site, clients, standby);
      // whoever has asked for none of what is lost is looked after anew, and hears nothing of it
      site.cutOff();
      site.letIn();
      site.awaitReady();
      site.insertForAll(1);
      site.awaitJustice(clients);
      History lost = History.read(site.database());
      String old = lost.previous(Long.MAX_VALUE).orElseThrow().cursor().toString();
      site.cutOff();
      site.primary().kill9();
      site.replace(standby.promote(), lost);
      // all positions are handed out again before any node looks
      site.insertForAll(Site.MANY + 2);
      site.letIn();
      site.awaitReady();
      site.insertForAll(1);
      site.awaitJustice(clients);
      for (ServerNode node : site.nodes()) {
        assertThat(node.get("/v1/events?after=" + old).statusCode()).isEqualTo(410);
        assertThat(Oracle.pages(node, "", "0"))
            .isEqualTo(new Oracle(site.database()).committed("true"));
      }
      site.report("standby promoted without the last commits", clients, lost);
    }
  }

  @Test
  void writersFasterThanTheNodes(Site site) throws Exception {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      survive(site, clients, standby);
      History first;
      TestCluster dead;
      try (Load load = Load.startStubborn(site.database(), 4, 1)) {
        load.runFor(Duration.ofMillis(300));
        standby.fallBehind();
        load.runFor(Duration.ofMillis(300));
        site.proxies().forEach(proxy -> proxy.accepting(false));
        // in the midst of transactions, and of what nodes read
        site.primary().kill9();
        first = History.read(Site.database(standby.cluster()));
      }
      dead = site.leadTo(standby.cluster());
      // nodes that come too early find a standby
      site.letIn();
      try (Load load = Load.startStubborn(site.database(), 4, 2)) {
        standby.promote();
        load.runFor(Duration.ofMillis(1_500));
      }
      site.awaitReady();
      // what the nodes saw is durable: nothing else was committed
      dead.start();
      History lost = History.read(Site.database(dead));
      dead.close();
      site.histories.over(lost, first);
      site.insertForAll(1);
      site.awaitJustice(clients);
      site.report("writers faster than the nodes", clients, lost);
    }
  }

  @Test
  void nothingIsLostWhereTheStandbyIsSynchronous(Site site) throws Exception {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      site.primary().execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
      site.primary().execute("SELECT pg_reload_conf()");
      await("synchronous replication")
          .atMost(Duration.ofSeconds(10))
          .until(
              () ->
                  site.primary()
                      .query("SELECT sync_state FROM pg_stat_replication")
                      .equals("sync"));
      survive(site, clients, standby);
      TestCluster dead;
      try (Load load = Load.startStubborn(site.database(), 4, 3)) {
        load.runFor(Duration.ofMillis(600));
        site.proxies().forEach(proxy -> proxy.accepting(false));
        site.primary().kill9();
      }
      dead = site.leadTo(standby.promote());
      History first = History.read(site.database());
      try (Load load = Load.start(site.database(), 4, 4)) {
        site.letIn();
        site.awaitReady();
        load.runFor(Duration.ofMillis(300));
      }
      dead.close();
      // all that anybody saw has survived
      site.histories.over(first, first);
      site.insertForAll(1);
      site.awaitJustice(clients);
      assertThat(clients.resets()).isZero();
      System.out.printf(
          "synchronous standby promoted under load: %d clients went on over %d events, no reset%n",
          clients.size(), History.read(site.database()).size());
    }
  }

  @Test
  void noNodeServesFromAStandby(Site site) {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      survive(site, clients, standby);
      History lost = loseSome(site, clients, standby);
      site.cutOff();
      site.primary().kill9();
      TestCluster dead = site.leadTo(standby.cluster());
      dead.close();
      site.letIn();
      int before = clients.events();
      // reads that are retried, and some that are asked for now
      String survivor =
          History.read(site.database()).previous(Long.MAX_VALUE).orElseThrow().cursor().toString();
      await("nodes have tried the standby")
          .atMost(Duration.ofSeconds(20))
          .until(() -> site.nodes().stream().allMatch(PromotedStandbyTest::wasRefused));
      List<String> queries = List.of("after=earliest", "after=" + survivor);
      site.nodes().parallelStream()
          .forEach(
              node ->
                  queries.parallelStream()
                      .forEach(
                          query ->
                              assertThat(node.get("/v1/events?" + query).statusCode())
                                  .as(query)
                                  .isEqualTo(503)));
      assertThat(site.nodes()).noneMatch(ServerNode::isReady);
      assertThat(clients.resets()).isZero();
      assertThat(clients.events()).isEqualTo(before);

      History first = History.read(site.database());
      standby.promote();
      site.histories.over(lost, first);
      site.insertForAll(Site.MANY + 2);
      site.awaitReady();
      site.insertForAll(1);
      site.awaitJustice(clients);
      site.report("nodes that reached a standby first", clients, lost);
    }
  }

  private static boolean wasRefused(ServerNode node) {
    return node.status().path("tail").path("lastFailure").toString().contains("primary");
  }

  /** What comes before it survives. */
  private static void survive(Site site, Clients clients, Standby standby) {
    site.insert(Site.QUIET, 3);
    site.insertForAll(2);
    site.awaitJustice(clients);
    standby.catchUp(site.primary());
  }

  private static History loseSome(Site site, Clients clients, Standby standby) {
    standby.fallBehind();
    site.insertForAll(Site.MANY);
    site.awaitJustice(clients);
    return History.read(site.database());
  }
}
