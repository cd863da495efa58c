package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.PostgresProxy;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.Silence;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Two server processes, each with a network of its own to one PostgreSQL that belongs to these
 * tests: started once, and shared by all classes, which leave everything running and in order.
 */
final class FaultNodes implements BeforeAllCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(FaultNodes.class);

  /** What the tests get. */
  static final class Pair implements AutoCloseable {
    final TestDatabase database =
        TestDatabase.ownCluster(Map.of("max_prepared_transactions", "10"));
    final Oracle oracle = new Oracle(database.dataSource());
    final PostgresProxy networkOfA;
    final PostgresProxy networkOfB;
    final ServerNode a;
    final ServerNode b;

    Pair() {
      TestLogs.migrate(database, TestLogs.settings());
      // with prepared transactions in sight it would be off
      oracle.execute("ALTER DATABASE " + database.name() + " SET gapless.notify = 'on'");
      networkOfA = PostgresProxy.to(database);
      networkOfB = PostgresProxy.to(database);
      a = node(networkOfA);
      b = node(networkOfB);
      for (ServerNode node : List.of(a, b)) {
        node.launch();
      }
      awaitOrder();
    }

    private ServerNode node(PostgresProxy network) {
      return ServerNode.create(
          network.jdbcUrl(database),
          NodeOptions.config(
                  // with a small ring, history comes out of the database
                  "gapless.hub { heartbeat = 2 s, ring-events = 2048 }"
                      + ", gapless.server.database.socket-timeout = 5 s")
              .quick());
    }

    /** Waits until both nodes are ready and notified, as they are before and after each test. */
    void awaitOrder() {
      for (ServerNode node : List.of(a, b)) {
        node.awaitReady();
        await("the listener of " + node.name() + " listens")
            .atMost(Duration.ofSeconds(30))
            .until(() -> isListening(node));
      }
    }

    @Override
    public void close() {
      a.stop();
      b.stop();
      networkOfA.close();
      networkOfB.close();
      database.close();
      a.close();
      b.close();
    }
  }

  static boolean isListening(ServerNode node) {
    return listener(node).path("state").asText().equals("LISTENING");
  }

  /** How often it has failed. */
  static long listenerFailures(ServerNode node) {
    return listener(node).path("restarts").asLong();
  }

  /** That nothing in its metrics would raise an alert. */
  static void assertSilent(ServerNode node) {
    await("the metrics of " + node.name() + " show no fault")
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(Silence.brokenAt(Scrape.of(node))).isEmpty());
  }

  private static JsonNode listener(ServerNode node) {
    return node.status().get("listener");
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    pair(context).awaitOrder();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Pair.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return pair(context);
  }

  private static Pair pair(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(Pair.class, key -> new Pair(), Pair.class);
  }
}
