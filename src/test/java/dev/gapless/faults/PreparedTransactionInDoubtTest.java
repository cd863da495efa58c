package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Transactions are prepared, PostgreSQL and a node are restarted, and only then it is decided what
 * becomes of them: until then nothing behind them is delivered.
 */
@ExtendWith(FaultNodes.class)
class PreparedTransactionInDoubtTest {

  @Test
  void itHoldsItsPlaceOverARestart(Pair nodes) throws Exception {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      insert(nodes);
      long first = nodes.oracle.last();
      Watchers.awaitCount(watchers.all(0), 1);
      prepare(nodes, "doubt-1");
      insert(nodes);
      prepare(nodes, "doubt-2");
      insert(nodes);
      long last = nodes.oracle.last();
      assertThat(last).isEqualTo(first + 4);

      nodes.database.stop(StopMode.FAST);
      nodes.database.start();
      nodes.b.kill9();
      nodes.b.launch();
      for (ServerNode node : List.of(nodes.a, nodes.b)) {
        await(node.name() + " names what holds it back")
            .atMost(Duration.ofSeconds(60))
            .untilAsserted(() -> assertThat(blockers(node)).as("blockers").contains("doubt-1"));
      }
      assertThat(watchers.all(0).count()).as("nothing may come yet").isEqualTo(1);

      nodes.oracle.execute("COMMIT PREPARED 'doubt-1'");
      // up to the second doubt
      Watchers.awaitCount(watchers.all(0), 3);
      Watchers.awaitCount(watchers.all(1), 3);
      await().until(() -> blockers(nodes.a).contains("doubt-2"));
      assertThat(watchers.all(0).count()).isEqualTo(3);
      nodes.oracle.execute("ROLLBACK PREPARED 'doubt-2'");
      assertThat(watchers.assertComplete()).isEqualTo(4);
      System.out.println(
          "prepared transactions in doubt over a restart: events behind them waited, and came in"
              + " order");
    } finally {
      for (String left : List.of("doubt-1", "doubt-2")) {
        if (nodes
                .oracle
                .numbers("SELECT 1 FROM pg_prepared_xacts WHERE gid = '" + left + "'")
                .size()
            == 1) {
          nodes.oracle.execute("ROLLBACK PREPARED '" + left + "'");
        }
      }
    }
    nodes.awaitOrder();
  }

  private static String blockers(ServerNode node) {
    try {
      return node.status().path("tail").path("blockers").toString();
    } catch (UncheckedIOException e) {
      // it is not up yet
      return "";
    }
  }

  private static void insert(Pair nodes) {
    nodes.oracle.execute("SELECT gapless.publish('%s', '/x', 'x')".formatted(Load.owner(1)));
  }

  private static void prepare(Pair nodes, String name) throws SQLException {
    try (Connection writer = nodes.database.dataSource().getConnection();
        Statement statement = writer.createStatement()) {
      // a transaction that notifies cannot be prepared
      statement.execute("SET gapless.notify = 'off'");
      statement.execute("BEGIN");
      statement.execute("SELECT gapless.publish('%s', '/x', 'x')".formatted(Load.owner(1)));
      statement.execute("PREPARE TRANSACTION '" + name + "'");
    }
  }
}
