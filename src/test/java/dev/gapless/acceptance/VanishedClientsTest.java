package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.CutOffNetwork;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Clients whose machine is gone without a word: no FIN, no RST, nothing comes back. */
class VanishedClientsTest {
  private static final String TOKEN = "operator-" + MARKER;
  private static final String TARGET = "/v1/events?path=/pub/&owner=" + MARKER;

  /** The kernel's first retransmission, a busy machine. */
  private static final Duration REST = Duration.ofSeconds(30);

  @Test
  void areGoneSoon() throws Exception {
    areGoneAfter(Duration.ofSeconds(3), Duration.ofSeconds(1), 50);
  }

  @Test
  @Tag("long")
  void areGoneAfterThirtySeconds() throws Exception {
    areGoneAfter(Duration.ofSeconds(30), Duration.ofSeconds(15), 1_000);
  }

  private static void areGoneAfter(Duration stall, Duration heartbeat, int clients)
      throws Exception {
    Optional<CutOffNetwork> possible = CutOffNetwork.create();
    Assumptions.assumeTrue(possible.isPresent(), "network namespaces are not permitted");
    try (CutOffNetwork network = possible.get();
        TestDatabase database = TestDatabase.create();
        ServerNode node =
            ServerNode.start(database.jdbcUrl(), NodeOptions.config(config(stall, heartbeat)))) {
      node.useToken(TOKEN);
      Oracle oracle = new Oracle(database.pool(2));
      try (EventClient healthy = EventClient.watch(node, TARGET)) {
        // so that the node is warm
        network.subscribe(node.port(), TARGET, clients);
        insert(oracle, 100);
        Oracle.awaitCount(healthy, 100);
        network.endProcesses();
        await("the first ones have left")
            .atMost(Duration.ofMinutes(2))
            .until(() -> streams(node) == 1);
        NodeFootprint before = NodeFootprint.of(node, database.dataSource());

        network.subscribe(node.port(), TARGET, clients);
        assertThat(streams(node)).isEqualTo(clients + 1);
        int logged = node.output().length();
        assertThat(Scrape.of(node).value("gapless_streams")).isEqualTo(clients + 1);
        network.cut();
        long cut = System.nanoTime();
        await("none of them is left")
            .atMost(heartbeat.plus(stall).plus(stall.dividedBy(5)).plus(REST))
            .pollInterval(Duration.ofMillis(100))
            .until(() -> streams(node) == 1);
        System.out.printf(
            "%d clients vanished without a word: their streams were gone after %.1f s"
                + " (stall-timeout %d s, heartbeat %d s)%n",
            clients, (System.nanoTime() - cut) / 1e9, stall.toSeconds(), heartbeat.toSeconds());
        assertThat(Scrape.of(node).value("gapless_streams")).isOne();
        await()
            .until(() -> node.output().substring(logged).contains("clients_vanished connections="));
        before.assertNothingLeaked(node, database.dataSource());

        insert(oracle, 10);
        Oracle.awaitCount(healthy, 110);
        assertThat(healthy.connects()).as("the healthy one stayed").isEqualTo(1);
      }
    }
  }

  private static int streams(ServerNode node) {
    return node.status().get("streams").asInt();
  }

  private static void insert(Oracle oracle, int events) {
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type) SELECT '%s', '/pub/x', 'made' FROM generate_series(1, %d)"
            .formatted(MARKER, events));
  }

  private static String config(Duration stall, Duration heartbeat) throws NoSuchAlgorithmException {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(TOKEN.getBytes(StandardCharsets.UTF_8));
    return """
        gapless.server.interface = "0.0.0.0"
        gapless.http.stall-timeout = %d s
        gapless.hub.heartbeat = %d s
        gapless.auth.mode = tokens
        gapless.auth.tokens = [
          { name = operator, sha256 = "%s", expires = "2099-01-01T00:00:00Z", operate = true, scopes = [] }
        ]
        """
        .formatted(stall.toSeconds(), heartbeat.toSeconds(), HexFormat.of().formatHex(hash));
  }
}
