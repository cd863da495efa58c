package dev.gapless.homeserver;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.Gapless;
import dev.gapless.GaplessRoutes;
import dev.gapless.GaplessSettings;
import dev.gapless.http.HttpServerSettings;
import dev.gapless.testkit.TestDatabase;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.awaitility.Awaitility;

/** A node in this JVM with both faces, on an actor system of its own. */
public final class HomeserverNode implements AutoCloseable {
  private final ActorSystem<Void> system;
  private final HikariDataSource pool;
  private final URI url;

  private HomeserverNode(ActorSystem<Void> system, HikariDataSource pool, URI url) {
    this.system = system;
    this.pool = pool;
    this.url = url;
  }

  /**
   * @param settings in HOCON, over those of {@code reference.conf}
   */
  public static HomeserverNode start(TestDatabase database, String settings) {
    Config config =
        ConfigFactory.parseString(settings)
            .withFallback(ConfigFactory.parseString("gapless.drain = 200 ms"))
            .withFallback(ConfigFactory.load())
            .resolve();
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "node", config);
    HikariDataSource pool = database.pool(12);
    try {
      Gapless gapless = Gapless.get(system);
      await(gapless.start(pool, database.dataSource(), GaplessSettings.create(config)));
      GaplessRoutes routes =
          await(
              GaplessRoutes.start(
                  system,
                  pool,
                  database.dataSource(),
                  GaplessRoutes.Settings.create(config, "test"),
                  Optional.empty()));
      ServerBinding binding =
          await(
              Http.get(system)
                  .newServerAt("127.0.0.1", 0)
                  .withSettings(HttpServerSettings.create(config, routes.services()))
                  .bind(routes.all()));
      binding.addToCoordinatedShutdown(Duration.ofSeconds(3), system);
      HomeserverNode node =
          new HomeserverNode(
              system, pool, URI.create("http://127.0.0.1:" + binding.localAddress().getPort()));
      node.awaitCredentials();
      return node;
    } catch (RuntimeException failed) {
      system.terminate();
      pool.close();
      throw failed;
    }
  }

  public URI url() {
    return url;
  }

  /** As the node's own, but with other patience. */
  FeedReader feed(Duration patience) {
    return new FeedReader(
        Gapless.get(system).hub(), owners -> CompletableFuture.completedFuture(owners), patience);
  }

  HomeserverClient client() {
    return new HomeserverClient(url, Optional.of(SharedNode.ADMIN_TOKEN));
  }

  // what needs a credential is answered 503 until the revocations have been read for the first time
  private void awaitCredentials() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> client().get("/v1/status").statusCode() == 200);
  }

  /** Ends as a server does that is asked to stop: streams are drained, then connections closed. */
  @Override
  public void close() {
    await(CoordinatedShutdown.get(system).runAll(CoordinatedShutdown.jvmExitReason()));
    await(system.getWhenTerminated());
    pool.close();
  }

  private static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
