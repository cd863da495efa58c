package dev.gapless.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.gapless.log.LogSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's place among the nodes of its database: they report to each other, and any of them can
 * ask any other to drain. No event depends on it: a node outside of the cluster, or a cluster in
 * pieces, delivers everything. It runs in an actor system of its own ({@code gapless-cluster}),
 * which is replaced when the split-brain resolver has downed it. Thread-safe.
 */
public final class ClusterNode implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterNode.class);
  private static final String SYSTEM = "gapless-cluster";
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration LEAVING = Duration.ofSeconds(10);

  private final ClusterSettings settings;
  private final String node;
  private final NodeTable table;
  private final Board board;
  private @Nullable ActorSystem<MemberActor.Command> system;
  private boolean closed;

  private ClusterNode(ClusterSettings settings, String node, NodeTable table, Board board) {
    this.settings = settings;
    this.node = node;
    this.table = table;
    this.board = board;
  }

  /**
   * Creates or checks the table by which nodes find each other, and begins to join them.
   *
   * @param direct connections to the primary, one at a time
   * @param node the name of this node, other than those of the others
   * @param drain drains this node; must not block
   * @throws dev.gapless.log.SchemaMigrationException if the table is not what it has to be
   */
  public static ClusterNode start(
      ClusterSettings settings,
      LogSettings tables,
      DataSource direct,
      String node,
      Runnable drain) {
    if (settings.seedNodes().isEmpty()) {
      NodeTable.migrate(direct, tables);
    }
    ClusterNode started =
        new ClusterNode(settings, node, new NodeTable(direct, settings.stale()), new Board(drain));
    started.warnIfOpen();
    started.begin();
    return started;
  }

  private void warnIfOpen() {
    boolean tls = systemConfig().getString("pekko.remote.artery.transport").equals("tls-tcp");
    try {
      if (!InetAddress.getByName(settings.host()).isLoopbackAddress() && !tls) {
        log.warn(
            "cluster_without_tls: whoever reaches port {} of {} commands the cluster",
            settings.port() == 0 ? "(any)" : settings.port(),
            settings.host());
      }
    } catch (UnknownHostException e) {
      log.warn("cluster_host_unknown: {}", settings.host());
    }
  }

  private Config systemConfig() {
    return ConfigFactory.parseMap(
            Map.of(
                "pekko.remote.artery.canonical.hostname",
                settings.host(),
                "pekko.remote.artery.canonical.port",
                settings.port(),
                "pekko.management.http.hostname",
                settings.management().host(),
                "pekko.management.http.port",
                settings.management().port()))
        .withFallback(settings.system())
        .withFallback(ConfigFactory.parseResources(ClusterNode.class, "system.conf"))
        .withFallback(ConfigFactory.defaultReference())
        .resolve();
  }

  private synchronized void begin() {
    if (closed) {
      return;
    }
    ActorSystem<MemberActor.Command> next =
        ActorSystem.create(
            MemberActor.create(settings, node, table, board), SYSTEM, systemConfig());
    system = next;
    if (settings.management().enabled()) {
      Management.start(next);
    }
    next.getWhenTerminated().thenRun(this::ended);
  }

  private synchronized void ended() {
    if (!closed) {
      log.warn("cluster_ended: this node joins again");
      CompletableFuture.delayedExecutor(PAUSE.toMillis(), TimeUnit.MILLISECONDS)
          .execute(this::beginAgain);
    }
  }

  private void beginAgain() {
    try {
      begin();
    } catch (RuntimeException e) {
      log.warn("cluster_not_begun: tried again", e);
      ended();
    }
  }

  /** What this node is to report from now on, as JSON. */
  public void say(String view, String series) {
    board.say(view, series);
  }

  /** What the nodes that report to this one said last, by their names; its own included. */
  public Map<String, Report> reports() {
    return board.reports();
  }

  /** Asks a node to drain; does nothing if there is none of that name. */
  public void drain(String name) {
    board.actor().ifPresent(actor -> actor.tell(new BoardActor.DrainSomebody(name)));
  }

  /** Leaves the cluster, so that the others need not find out. Completes soon, whatever happens. */
  public CompletionStage<Done> leave() {
    ActorSystem<MemberActor.Command> leaving;
    synchronized (this) {
      closed = true;
      leaving = system;
    }
    if (leaving == null) {
      return CompletableFuture.completedFuture(Done.getInstance());
    }
    String address = Cluster.get(leaving).selfMember().address().toString();
    return CoordinatedShutdown.get(leaving)
        .runAll(CoordinatedShutdown.clusterLeavingReason())
        .toCompletableFuture()
        .thenRunAsync(() -> forget(address))
        .handle((left, failure) -> Done.getInstance())
        .completeOnTimeout(Done.getInstance(), LEAVING.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Who starts next need not wait until this node is stale. */
  private void forget(String address) {
    try {
      table.gone(address);
    } catch (SQLException e) {
      log.debug("cluster_not_forgotten", e);
    }
  }

  @Override
  public void close() {
    leave().toCompletableFuture().join();
  }
}
