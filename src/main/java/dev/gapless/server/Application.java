package dev.gapless.server;

import com.typesafe.config.Config;
import dev.gapless.Gapless;
import dev.gapless.GaplessRoutes;
import dev.gapless.GaplessSettings;
import dev.gapless.cluster.ClusterNode;
import dev.gapless.cluster.ClusterSettings;
import dev.gapless.dashboard.Dashboard;
import dev.gapless.dashboard.Peers;
import dev.gapless.http.HttpServices;
import dev.gapless.http.MetricsEndpoint;
import dev.gapless.http.Problems;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogUnusableException;
import dev.gapless.log.SchemaMigrationException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.server.Route;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs on the actor system: the library, as any embedding application would start it, with all
 * of its faces.
 *
 * @param services what the faces share
 * @param route what the server serves
 */
record Application(HttpServices services, Route route) {
  private static final Logger log = LoggerFactory.getLogger(Application.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** All settings of the library, each of which names its key when it is wrong. */
  record Settings(GaplessSettings gapless, GaplessRoutes.Settings routes, ClusterSettings cluster) {
    /**
     * @throws Refusal naming the key that is wrong
     */
    static Settings from(Config config, String node) {
      return new Settings(
          LaunchSettings.library("gapless", () -> GaplessSettings.create(config)),
          LaunchSettings.library("gapless", () -> GaplessRoutes.Settings.create(config, node)),
          LaunchSettings.library("gapless", () -> ClusterSettings.create(config)));
    }
  }

  /**
   * Brings the schema up to date and starts the node.
   *
   * @throws Refusal when the database cannot keep the promises
   */
  static Application start(ActorSystem<?> system, Settings settings, DataSources dataSources) {
    migrate(settings, dataSources);
    awaitHead(
        system,
        Gapless.get(system).start(dataSources.pool(), dataSources.direct(), settings.gapless()));
    GaplessRoutes routes =
        await(
            GaplessRoutes.start(
                system,
                dataSources.pool(),
                dataSources.direct(),
                settings.routes(),
                Optional.empty()),
            settings.gapless().log().migrateTimeout().plus(PATIENCE));
    ServerMetrics metrics =
        ServerMetrics.start(
            Gapless.get(system), routes, dataSources.pool(), settings.routes().node());
    system.getWhenTerminated().thenRun(metrics::close);
    Peers peers = peers(system, settings, dataSources, routes);
    metrics.watch(peers);
    Dashboard dashboard =
        Dashboard.start(system, Gapless.get(system), routes, settings.routes().node(), peers);
    return new Application(
        routes.services(),
        metrics.around(
            routes.all(
                MetricsEndpoint.route(routes.services(), metrics::scrape), dashboard.route())));
  }

  private static Peers peers(
      ActorSystem<?> system, Settings settings, DataSources dataSources, GaplessRoutes routes) {
    if (!settings.cluster().enabled()) {
      return Peers.NONE;
    }
    ClusterNode cluster = join(settings, dataSources, routes);
    CoordinatedShutdown.get(system)
        .addTask(CoordinatedShutdown.PhaseServiceStop(), "gapless-leave-cluster", cluster::leave);
    return new ClusterPeers(cluster);
  }

  private static ClusterNode join(
      Settings settings, DataSources dataSources, GaplessRoutes routes) {
    try {
      return ClusterNode.start(
          settings.cluster(),
          settings.gapless().log(),
          dataSources.direct(),
          settings.routes().node(),
          routes::drain);
    } catch (SchemaMigrationException e) {
      throw refusal(e);
    } catch (RuntimeException e) {
      throw new Refusal(
          "the cluster's system cannot listen on gapless.cluster.host and .port, "
              + settings.cluster().host()
              + ":"
              + settings.cluster().port(),
          e);
    }
  }

  /** Beforehand and with its own limit: what is awaited afterwards is the head alone. */
  private static void migrate(Settings settings, DataSources dataSources) {
    try {
      LogMigration.migrate(dataSources.direct(), settings.gapless().log());
    } catch (RuntimeException e) {
      throw refusal(e);
    }
  }

  /** Somebody's open transaction may keep the head undecided for hours: then it starts unready. */
  private static void awaitHead(ActorSystem<?> system, CompletionStage<Done> started) {
    CompletableFuture<Boolean> inTime =
        started
            .thenApply(done -> true)
            .toCompletableFuture()
            .completeOnTimeout(false, PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (!await(inTime, PATIENCE.multipliedBy(2))) {
      log.warn("the head of the log is not decided yet; listening all the same, but not ready");
      started.whenComplete(
          (done, failure) -> {
            if (failure != null) {
              log.error("the node cannot start; stopping", failure);
              system.terminate();
            }
          });
    }
  }

  private static <T> T await(CompletionStage<T> stage, Duration limit) {
    try {
      return stage.toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new Refusal("the database did not get ready within " + limit.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw refusal(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal("interrupted while starting", e);
    }
  }

  private static Refusal refusal(Throwable failure) {
    Throwable cause = Problems.unwrap(failure);
    boolean explained =
        cause instanceof LogUnusableException || cause instanceof SchemaMigrationException;
    String message = explained ? "" + cause.getMessage() : "the log cannot be prepared: " + cause;
    return new Refusal(message, cause);
  }
}
