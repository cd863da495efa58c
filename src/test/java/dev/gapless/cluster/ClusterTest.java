package dev.gapless.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SseParser;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Nodes of one database find each other, and heal by themselves; no event depends on it. */
class ClusterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String QUICK =
      "\ngapless.cluster { heartbeat = 300 ms, stale-after = 3 s }\n";
  private static final String EVENT =
      "{\"owner\":\"acme-" + ServerNode.MARKER + "\",\"path\":\"/a\",\"type\":\"note\"}";

  /** What users start a node of a cluster with. */
  private static NodeOptions options() {
    try {
      String conf = Files.readString(Path.of("conf/cluster.conf"));
      assertThat(conf).contains("include \"application.conf\"");
      return NodeOptions.config(conf.replace("include \"application.conf\"", "") + QUICK).quick();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<ServerNode> launch(TestDatabase database, int count) {
    List<ServerNode> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      nodes.add(ServerNode.create(database.jdbcUrl(), options()));
    }
    nodes.forEach(ServerNode::launch);
    nodes.forEach(ServerNode::awaitReady);
    return nodes;
  }

  private static Set<String> names(List<ServerNode> nodes) {
    Set<String> names = new TreeSet<>();
    nodes.forEach(node -> names.add(node.name()));
    return names;
  }

  /** The nodes that a node's dashboard shows now, and whether they are well. */
  private static Set<String> shown(ServerNode by) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(by.url() + "/dashboard/events")).build();
    try (InputStream body =
        HttpClient.newHttpClient().send(request, BodyHandlers.ofInputStream()).body()) {
      SseParser parser = new SseParser();
      byte[] buffer = new byte[64 * 1024];
      for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
        parser.feed(buffer, 0, read);
        for (SseParser.Frame frame : parser.takeFrames()) {
          if (frame.event().equals("nodes")) {
            return names(new ObjectMapper().readTree(frame.data()));
          }
        }
      }
      throw new IllegalStateException("ended");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Set<String> names(JsonNode views) {
    Set<String> names = new TreeSet<>();
    views.forEach(view -> names.add(view.path("node").asText()));
    return names;
  }

  private static void awaitTogether(List<ServerNode> nodes) {
    Set<String> all = names(nodes);
    for (ServerNode node : nodes) {
      await("all are shown by " + node.name())
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(200))
          .untilAsserted(() -> assertThat(shown(node)).isEqualTo(all));
    }
  }

  private static void closeAll(List<ServerNode> nodes) {
    nodes.forEach(ServerNode::close);
  }

  @Test
  void threeNodesShowEachOtherAndDrainEachOther() {
    try (TestDatabase database = TestDatabase.create()) {
      List<ServerNode> nodes = launch(database, 3);
      try (EventClient client = EventClient.watch(nodes.get(2), "/v1/events")) {
        awaitTogether(nodes);
        // one of them is killed, comes back with another address, and is shown again
        nodes.get(0).kill9();
        List<ServerNode> rest = nodes.subList(1, 3);
        awaitTogether(rest);
        nodes.get(0).start();
        awaitTogether(nodes);
        // any of them drains any other
        assertThat(
                nodes
                    .get(0)
                    .send(
                        HttpRequest.newBuilder(
                                URI.create(
                                    nodes.get(0).url()
                                        + "/v1/nodes/"
                                        + nodes.get(2).name()
                                        + "/drain"))
                            .POST(HttpRequest.BodyPublishers.noBody()))
                    .statusCode())
            .isEqualTo(202);
        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    client.controls("gapless.close").stream()
                        .anyMatch(close -> close.data().contains("drain")));
        client.moveTo(nodes.get(1));
        nodes.get(0).publish(EVENT);
        await().atMost(PATIENCE).until(() -> client.count() == 1);
      } finally {
        closeAll(nodes);
      }
    }
  }

  @Test
  void aNodeThatIsCutOffIsDownedAndComesBackWhileItDelivers() throws IOException {
    List<TcpProxy> proxies = new ArrayList<>();
    List<ServerNode> nodes = new ArrayList<>();
    try (TestDatabase database = TestDatabase.create()) {
      for (int i = 0; i < 3; i++) {
        int port = freePort();
        TcpProxy proxy = TcpProxy.to(port);
        proxies.add(proxy);
        nodes.add(
            ServerNode.create(
                database.jdbcUrl(),
                new NodeOptions(
                    options().config() + behind(proxy.port(), port),
                    options().jvm(),
                    List.of(),
                    java.util.Map.of())));
      }
      nodes.forEach(ServerNode::launch);
      nodes.forEach(ServerNode::awaitReady);
      awaitTogether(nodes);
      nodes.forEach(node -> awaitHeard(node, 3));
      ServerNode lonely = nodes.get(0);
      try (EventClient client = EventClient.watch(lonely, "/v1/events")) {
        // nothing reaches its cluster system any more, neither messages nor answers
        proxies.get(0).flow(TcpProxy.Flow.BLACK_HOLE);
        await("it was downed, and a new system has taken its place")
            .atMost(PATIENCE)
            .until(() -> lonely.output().contains("cluster_ended"));
        awaitTogether(nodes.subList(1, 3));
        awaitHeard(lonely, 1);
        awaitHeard(nodes.get(1), 2);
        for (int i = 0; i < 5; i++) {
          nodes.get(1).publish(EVENT);
        }
        await().atMost(PATIENCE).until(() -> client.count() == 5);
        proxies.get(0).flow(TcpProxy.Flow.PASS);
        proxies.get(0).reset();
        awaitTogether(nodes);
        nodes.forEach(node -> awaitHeard(node, 3));
        nodes.get(2).publish(EVENT);
        await().atMost(PATIENCE).until(() -> client.count() == 6);
        assertThat(client.connects()).as("the stream has lasted").isEqualTo(1);
      }
    } finally {
      closeAll(nodes);
      proxies.forEach(TcpProxy::close);
    }
  }

  @Test
  void aPortThatIsTakenIsNamed() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerNode node =
            ServerNode.create(
                database.jdbcUrl(),
                NodeOptions.config(
                    "gapless.cluster { enabled = on, port = " + taken.getLocalPort() + " }"))) {
      node.launch();
      await("it ends").atMost(PATIENCE).until(() -> !node.process().isAlive());
      assertThat(node.output())
          .contains("gapless.cluster.host and .port, 127.0.0.1:" + taken.getLocalPort());
    }
  }

  private static void awaitHeard(ServerNode node, int nodes) {
    await(node.name() + " hears of " + nodes)
        .atMost(PATIENCE)
        .until(() -> Scrape.of(node).value("gapless_cluster_nodes") == nodes);
  }

  /** Its cluster system is reached by way of a proxy, and notices sooner when it is not. */
  private static String behind(int proxy, int port) {
    return """
    gapless.cluster {
      port = %d
      system.pekko {
        remote.artery.bind { hostname = "127.0.0.1", port = %d }
        cluster.failure-detector.acceptable-heartbeat-pause = 2s
        cluster.split-brain-resolver.stable-after = 2s
      }
    }
    """
        .formatted(proxy, port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  @Tag("long")
  void sixNodesThatStartAtOnceFormOneCluster() {
    try (TestDatabase database = TestDatabase.create()) {
      List<ServerNode> nodes = launch(database, 6);
      try {
        awaitTogether(nodes);
      } finally {
        closeAll(nodes);
      }
    }
  }
}
