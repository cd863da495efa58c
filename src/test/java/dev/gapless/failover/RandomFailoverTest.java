package dev.gapless.failover;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.PostgresCopy;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestCluster;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Changes of the database as a seed draws them, one after the other under the same clients. */
@ExtendWith(SharedSite.class)
class RandomFailoverTest {
  private static final int CHANGES = 2;
  private static final int WRITERS = 3;

  /**
   * One change.
   *
   * @param backup whether a backup is put back; otherwise a standby is promoted
   * @param loaded whether writers are at it, before and after
   * @param lost rounds of events that are lost, at least
   * @param again rounds of events afterwards, before the nodes are asked to be ready
   * @param late whether the nodes get in after these, not before
   * @param oneDown whether one of the nodes is stopped meanwhile
   */
  private record Change(
      boolean backup,
      boolean loaded,
      int lost,
      int again,
      boolean late,
      boolean oneDown,
      long seed) {

    static Change draw(Random random) {
      return new Change(
          random.nextInt(3) == 0,
          random.nextBoolean(),
          random.nextInt(Site.MANY + 1),
          random.nextInt(Site.MANY + 3),
          random.nextBoolean(),
          random.nextInt(4) == 0,
          random.nextInt(1_000));
    }
  }

  @Test
  void ofAFreshSeed(Site site) throws Exception {
    run(site, new Random().nextInt(1_000_000));
  }

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 30);
  }

  @Tag("long")
  @ParameterizedTest
  @MethodSource("seeds")
  void ofThirtySeeds(long seed, Site site) throws Exception {
    run(site, seed);
  }

  private static void run(Site site, long seed) throws Exception {
    Random random = new Random(seed);
    List<Change> changes = Stream.generate(() -> Change.draw(random)).limit(CHANGES).toList();
    System.out.println("seed " + seed + ": " + changes);
    try (Clients clients = site.everybody()) {
      for (Change change : changes) {
        site.insertForAll(1);
        site.awaitJustice(clients);
        if (change.backup()) {
          takeBack(site, change);
        } else {
          promote(site, change);
        }
        site.insertForAll(1);
        site.awaitJustice(clients);
        History now = History.read(site.database());
        for (ServerNode node : site.nodes()) {
          now.previous(1 + random.nextInt((int) now.last()))
              .ifPresent(any -> clients.add(site.watchFrom(node, any.cursor())));
        }
        System.out.printf(
            "%d events, %d of %d clients were reset so far%n",
            now.size(), resetClients(clients), clients.size());
      }
      site.insertForAll(1);
      site.awaitJustice(clients);
    }
  }

  private static long resetClients(Clients clients) {
    return clients.all().stream().filter(one -> !one.client().resets().isEmpty()).count();
  }

  private static void promote(Site site, Change change) throws Exception {
    try (Standby standby = Standby.of(site.primary())) {
      standby.catchUp(site.primary());
      try (Writing writing = Writing.start(site, change)) {
        standby.fallBehind();
        writing.goOn(change.lost());
        leave(site, change);
        // in the midst of what writers do and nodes read
        site.primary().kill9();
      }
      History first = History.read(Site.database(standby.cluster()));
      TestCluster dead = site.leadTo(standby.cluster());
      if (!change.late()) {
        comeBack(site, change);
      }
      standby.promote();
      writeAgain(site, change);
      // what the nodes saw is durable: nothing else was committed
      dead.start();
      History lost = History.read(Site.database(dead));
      dead.close();
      site.histories.over(lost, first);
    }
  }

  private static void takeBack(Site site, Change change) throws Exception {
    PostgresCopy backup;
    try (Writing writing = Writing.start(site, change)) {
      backup = site.primary().copy();
      writing.goOn(change.lost());
    }
    try (backup) {
      History lost = History.read(site.database());
      leave(site, change);
      int port = site.primary().port();
      site.primary().stop(StopMode.IMMEDIATE);
      site.replace(backup.start(port), lost);
      if (!change.late()) {
        comeBack(site, change);
      }
      writeAgain(site, change);
    }
  }

  private static void writeAgain(Site site, Change change) throws Exception {
    try (Writing writing = Writing.start(site, change)) {
      writing.goOn(change.again());
      if (change.late()) {
        comeBack(site, change);
      }
      site.awaitReady();
    }
  }

  private static void leave(Site site, Change change) {
    site.proxies().forEach(proxy -> proxy.accepting(false));
    if (change.oneDown()) {
      site.restless.node().stop();
    }
    site.proxies().forEach(TcpProxy::reset);
  }

  private static void comeBack(Site site, Change change) {
    site.letIn();
    if (change.oneDown()) {
      site.restless.node().launch();
    }
  }

  /** Events as they are inserted one after the other, and those of writers if there are any. */
  private record Writing(Site site, List<Load> load) implements AutoCloseable {
    private static final Duration WHILE = Duration.ofMillis(200);

    static Writing start(Site site, Change change) {
      return new Writing(
          site,
          change.loaded()
              ? List.of(Load.startStubborn(site.database(), WRITERS, change.seed()))
              : List.of());
    }

    void goOn(int rounds) {
      site.insertForAll(rounds);
      load.forEach(writers -> writers.runFor(WHILE));
    }

    @Override
    public void close() throws Exception {
      for (Load writers : load) {
        writers.close();
      }
    }
  }
}
