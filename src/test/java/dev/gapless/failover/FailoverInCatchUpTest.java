package dev.gapless.failover;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The primary dies while clients are in the middle of their catch-up, some before the place where
 * the histories part and some behind it.
 */
@ExtendWith(SharedSite.class)
class FailoverInCatchUpTest {
  private static final String BIG = "big-" + MARKER;
  // together more than the network takes while nobody reads
  private static final int SURVIVE = 240;
  private static final int LOST = 200;
  private static final int KIB = 64;

  @Test
  void pagesOfOneHistoryAreNotFollowedByPagesOfAnother(Site site) {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      site.insertForAll(2);
      insertBig(site, SURVIVE);
      History kept = History.read(site.database());
      standby.catchUp(site.primary());
      standby.fallBehind();
      insertBig(site, LOST);
      // the old events are many: the last one of the big is where the network is full
      Watched before = clients.add(stopped(site, kept, SURVIVE));
      Watched behind = clients.add(stopped(site, kept, 20));
      Watched steady = clients.add(site.watchByteByByte(site.forgetful.node()));
      awaitStuck(site.forgetful.node());
      History lost = History.read(site.database());
      site.cutOff();
      site.primary().kill9();
      site.replace(standby.promote(), lost);
      site.insertForAll(6);
      insertBig(site, LOST);
      site.letIn();
      site.awaitReady();
      before.client().goOnReading();
      behind.client().goOnReading();
      site.insertForAll(1);
      site.awaitJustice(clients);
      assertThat(before.client().resets()).isEmpty();
      assertThat(behind.client().resets()).hasSize(1);
      System.out.printf(
          "fail-over in catch-up: the client before the parting went on with %d events, the one"
              + " behind it was reset after %d, one in between after %s%n",
          before.client().count(),
          behind.client().resets().get(0).after(),
          steady.client().resets().stream().map(reset -> reset.after()).toList());
    }
  }

  /** Until the network takes no more for those that read nothing. */
  private static void awaitStuck(ServerNode node) {
    AtomicLong before = new AtomicLong(-1);
    await("the clients are stuck in the midst of their catch-up")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(300))
        .until(
            () -> {
              JsonNode hub = node.status().path("hub");
              long delivered = hub.path("delivered").asLong(-2);
              return hub.path("catchingUp").asInt() >= 2
                  && before.getAndSet(delivered) == delivered;
            });
  }

  /**
   * It asks for the big ones, beginning so many before the last that is kept, and reads nothing.
   */
  private static Watched stopped(Site site, History kept, int bigOnes) {
    Event start = kept.previous(Long.MAX_VALUE).orElseThrow();
    for (int i = 0; i < bigOnes; i++) {
      start = kept.previous(start.position()).orElseThrow();
    }
    Cursor cursor = start.cursor();
    Watched watched = site.watchOwnerFrom(site.forgetful.node(), BIG, cursor);
    watched.client().stopReading();
    return watched;
  }

  private static void insertBig(Site site, int count) {
    Site.execute(
        site.database(),
        "INSERT INTO gapless.events (owner, path, type, data)"
            + " SELECT '%s', '/', 'x', to_jsonb(repeat('x', %d)) FROM generate_series(1, %d)"
                .formatted(BIG, KIB * 1024, count));
  }
}
