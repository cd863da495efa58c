package dev.gapless.failover;

import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestCluster;

/** A node, and the network between it and its database. */
record Reached(ServerNode node, TcpProxy proxy) implements AutoCloseable {

  /** So that no test waits long for what it does not look at. */
  private static final String QUICK =
      """

      gapless {
        drain = 100 ms
        tail.reconnect-max = 200 ms
        listener.restart-max = 500 ms
        server.database { pool-size = 6, pool-timeout = 1 s }
      }
      """;

  /** It is on its way: await that it is ready. */
  static Reached launch(TestCluster primary, String config) {
    TcpProxy proxy = TcpProxy.to(primary.port());
    String url =
        "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Site.DATABASE + "?user=postgres";
    ServerNode node = ServerNode.create(url, NodeOptions.config(config + QUICK).quick());
    node.launch();
    return new Reached(node, proxy);
  }

  @Override
  public void close() {
    node.close();
    proxy.close();
  }
}
