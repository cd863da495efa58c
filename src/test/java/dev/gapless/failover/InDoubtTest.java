package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Event;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A fail-over that loses a COMMIT PREPARED, but not an event above it: a position below the head of
 * the nodes is undecided again.
 */
@ExtendWith(SharedSite.class)
class InDoubtTest {
  private static final String NAME = "'in doubt'";

  @Test
  void whoReadsPastItWaitsForItsEnd(Site site) throws SQLException {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      site.insert(Site.QUIET, 3);
      site.insertForAll(2);
      site.awaitJustice(clients);
      try (Connection writer = site.database().getConnection();
          Statement statement = writer.createStatement()) {
        // a transaction that has notified cannot be prepared
        statement.execute("SET gapless.notify = 'off'");
        writer.setAutoCommit(false);
        statement.execute(
            "INSERT INTO gapless.events (owner, path, type) VALUES ('%s', '/in-doubt', 'x')"
                .formatted(Load.owner(0)));
        statement.execute("PREPARE TRANSACTION " + NAME);
      }
      // its position is higher; the nodes wait for the one below
      site.insert(Load.owner(1), 2);
      standby.catchUp(site.primary());
      standby.fallBehind();
      Site.execute(site.database(), "COMMIT PREPARED " + NAME);
      site.awaitJustice(clients);
      History lost = History.read(site.database());
      site.cutOff();
      site.primary().kill9();
      site.replace(standby.promote(), lost);
      History now = History.read(site.database());
      assertThat(lost.missingIn(now)).isEqualTo(1);
      assertThat(now.last()).as("above it all is as it was").isEqualTo(lost.last());
      site.letIn();
      await("the nodes have seen that it is in doubt")
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(site.nodes()).allSatisfy(InDoubtTest::isHeldBack));

      Predicate<Event> all = event -> true;
      site.nodes().forEach(node -> clients.add(site.watch(node, "after=earliest", all)));
      site.insert(Load.owner(1), 1);
      Site.execute(site.database(), "COMMIT PREPARED " + NAME);
      site.awaitReady();
      site.insertForAll(1);
      // the same event again: nothing is missing now
      site.awaitJustice(clients);
      assertThat(clients.resets()).isZero();
    }
  }

  private static void isHeldBack(ServerNode node) {
    assertThat(node.output()).contains("head_in_doubt");
    assertThat(node.status().path("tail").path("blockers").toString()).contains("in doubt");
  }
}
