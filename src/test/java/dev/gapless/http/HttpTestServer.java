package dev.gapless.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.http.javadsl.settings.ServerSettings;

/** A route on a real socket of its own, bound with the settings the routes ask for. */
final class HttpTestServer implements AutoCloseable {
  private final ActorSystem<Void> system;
  private final ServerBinding binding;

  private HttpTestServer(ActorSystem<Void> system, ServerBinding binding) {
    this.system = system;
    this.binding = binding;
  }

  static HttpTestServer start(Route route) {
    return start(config(""), system -> route);
  }

  static HttpTestServer startHttp2(Route route) {
    return start(config("pekko.http.server.enable-http2 = on"), system -> route);
  }

  static HttpTestServer start(Config config, Function<ActorSystem<Void>, Route> routes) {
    return start(
        config, routes, () -> HttpServerSettings.create(config, HttpSettings.create(config)));
  }

  /**
   * @param settings asked for when the routes are there
   */
  static HttpTestServer start(
      Config config, Function<ActorSystem<Void>, Route> routes, Supplier<ServerSettings> settings) {
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "http-test", config);
    try {
      Route route = Problems.seal(routes.apply(system));
      ServerBinding binding =
          Http.get(system)
              .newServerAt("127.0.0.1", 0)
              .withSettings(settings.get())
              .bind(route)
              .toCompletableFuture()
              .get(20, TimeUnit.SECONDS);
      return new HttpTestServer(system, binding);
    } catch (Exception failed) {
      system.terminate();
      throw new IllegalStateException(failed);
    }
  }

  static Config config(String overrides) {
    return ConfigFactory.parseString(overrides + "\npekko.loglevel = WARNING")
        .withFallback(ConfigFactory.load())
        .resolve();
  }

  int port() {
    return binding.localAddress().getPort();
  }

  @Override
  public void close() throws Exception {
    binding.terminate(Duration.ofMillis(100)).toCompletableFuture().get(20, TimeUnit.SECONDS);
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
