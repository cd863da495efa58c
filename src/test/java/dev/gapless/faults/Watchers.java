package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Clients of nodes, with and without filters, each of which has to get exactly what is committed
 * after the position that its stream began at.
 */
final class Watchers implements AutoCloseable {
  private final Oracle oracle;
  private final Map<EventClient, String> conditions = new LinkedHashMap<>();

  private Watchers(Oracle oracle) {
    this.oracle = oracle;
  }

  /** At each of the nodes: one client for everything, one for an owner, one for a folder. */
  static Watchers of(Oracle oracle, ServerNode... nodes) {
    return of(oracle, "", "true", nodes);
  }

  /** The same, but what is called everything is only what a query asks for. */
  static Watchers of(Oracle oracle, String query, String condition, ServerNode... nodes) {
    Watchers watchers = new Watchers(oracle);
    for (ServerNode node : nodes) {
      watchers.add(node, "?" + query, condition);
      watchers.add(
          node,
          "?owner=" + Load.owner(1) + "&" + query,
          "owner = '" + Load.owner(1) + "' AND " + condition);
      watchers.add(node, "?path=" + Load.orders(), "starts_with(path, '" + Load.orders() + "')");
    }
    return watchers;
  }

  private void add(ServerNode node, String query, String condition) {
    EventClient client = EventClient.watch(node, "/v1/events" + query);
    String cursor = client.controls("gapless.open").get(0).id();
    String position = cursor.replaceFirst("-.*", "");
    assertThat(Long.parseLong(position)).as("now").isLessThanOrEqualTo(oracle.last());
    conditions.put(client, "id > " + position + " AND " + condition);
  }

  List<EventClient> clients() {
    return List.copyOf(conditions.keySet());
  }

  /** The one for everything at the node of this number. */
  EventClient all(int node) {
    return clients().get(3 * node);
  }

  /** Waits until so many more events have come to this client. */
  static void awaitMore(EventClient client, int events) {
    awaitCount(client, client.count() + events);
  }

  static void awaitCount(EventClient client, int count) {
    Oracle.awaitCount(client, count);
  }

  /** When all writers have ended: each client has every event once, in order, and no reset. */
  int assertComplete() {
    conditions.forEach(
        (client, condition) -> oracle.assertReceived(client, oracle.committed(condition)));
    return all(0).count();
  }

  /** Nobody had to come back. */
  void assertStayedOpen() {
    conditions.forEach(
        (client, condition) -> {
          assertThat(client.connects()).as("connections for " + condition).isEqualTo(1);
          assertThat(client.controls("gapless.close")).isEmpty();
        });
  }

  @Override
  public void close() {
    clients().forEach(EventClient::close);
  }
}
