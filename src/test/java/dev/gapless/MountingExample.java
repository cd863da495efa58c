package dev.gapless;

import com.typesafe.config.Config;
import dev.gapless.http.HttpServerSettings;
import dev.gapless.http.Problems;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;

/** An application that serves events beside its own routes. docs/embedding.md shows this code. */
// #example
final class MountingExample {
  static CompletionStage<ServerBinding> serve(ActorSystem<?> system, DataSource dataSource) {
    Config config = system.settings().config();
    GaplessRoutes.Settings settings = GaplessRoutes.Settings.create(config, "node-1");
    return Gapless.get(system)
        .start(dataSource)
        .thenCompose(
            started ->
                GaplessRoutes.start(system, dataSource, dataSource, settings, Optional.empty()))
        .thenCompose(
            routes ->
                Http.get(system)
                    .newServerAt("127.0.0.1", 0)
                    .withSettings(HttpServerSettings.create(config, routes.services()))
                    .bind(routesWith(routes))
                    .thenApply(
                        binding -> {
                          routes.services().requireAllowedBind(binding.localAddress());
                          return binding.addToCoordinatedShutdown(Duration.ofSeconds(8), system);
                        }));
  }

  private static Route routesWith(GaplessRoutes gapless) {
    return Directives.concat(
        Directives.path("hello", () -> Directives.complete("hello")),
        Directives.pathPrefix("live", () -> Problems.seal(gapless.events())));
  }
}
// #example
