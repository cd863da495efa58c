package dev.gapless.failover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Event;
import dev.gapless.testkit.Load;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Commits happen in another order than positions are handed out, so what a fail-over loses need not
 * be the highest positions: here a lost event is below one that survived.
 */
@ExtendWith(SharedSite.class)
class LostBelowTest {

  @Test
  void whatWasLostBelowTheHeadIsNotDeliveredAfterwards(Site site) throws SQLException {
    try (Clients clients = site.everybody();
        Standby standby = Standby.of(site.primary())) {
      site.insert(Site.QUIET, 3);
      site.insertForAll(2);
      site.awaitJustice(clients);
      try (Connection late = site.database().getConnection();
          Statement statement = late.createStatement()) {
        late.setAutoCommit(false);
        statement.execute(insert(Load.owner(0)));
        // its position is higher, its commit comes first
        Site.execute(site.database(), insert(Load.owner(1)));
        standby.catchUp(site.primary());
        standby.fallBehind();
        late.commit();
      }
      site.awaitJustice(clients);
      History lost = History.read(site.database());
      site.cutOff();
      site.primary().kill9();
      site.replace(standby.promote(), lost);
      History now = History.read(site.database());
      assertThat(lost.missingIn(now)).isEqualTo(1);
      assertThat(now.last()).as("above it all is as it was").isEqualTo(lost.last());
      site.letIn();
      site.awaitReady();

      Event before = now.previous(now.last()).orElseThrow();
      Predicate<Event> all = event -> true;
      clients.add(site.watch(site.restless.node(), "after=earliest", all));
      clients.add(site.watch(site.forgetful.node(), "after=earliest", all));
      clients.add(site.watchFrom(site.restless.node(), before.cursor()));
      clients.add(site.watchFrom(site.forgetful.node(), before.cursor()));
      site.insertForAll(1);
      site.awaitJustice(clients);
      assertThat(clients.resets())
          .as("of the forgetful node's client whose last event it was")
          .isEqualTo(1);
    }
  }

  private static String insert(String owner) {
    return "INSERT INTO gapless.events (owner, path, type) VALUES ('" + owner + "', '/late', 'x')";
  }
}
