package dev.gapless.server;

import com.typesafe.config.Config;
import dev.gapless.server.LaunchSettings.Database.Embedded;
import dev.gapless.server.LaunchSettings.Database.External;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running server: database, connections, actor system, HTTP, started in this order and stopped
 * in the reverse one: PostgreSQL goes last, when nobody needs it any more.
 */
final class GaplessServer {
  /** After it a stop goes on without the actor system: whoever ends processes waits longer. */
  static final Duration STOP_LIMIT = Duration.ofSeconds(90);

  private static final Logger log = LoggerFactory.getLogger(GaplessServer.class);

  private final ActorSystem<Void> system;
  private final String url;

  private GaplessServer(ActorSystem<Void> system, String url) {
    this.system = system;
    this.url = url;
  }

  /**
   * @param resources gets everything that has to be stopped, also when the start fails half-way
   */
  static GaplessServer start(LaunchSettings settings, Config config, Resources resources) {
    Application.Settings library = Application.Settings.from(config, settings.node());
    DatabaseAddress address = database(settings, resources);
    DataSources dataSources =
        resources.add(DataSources.open(address, settings.pool(), settings.node()));
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "gapless", config);
    resources.add(() -> stop(system));
    Application application = Application.start(system, library, dataSources);
    InetSocketAddress bound = Listening.start(system, settings, application);
    application.services().requireAllowedBind(bound);
    String url = url(settings, bound);
    log.atInfo()
        .addKeyValue("node", settings.node())
        .addKeyValue("url", url)
        .addKeyValue("database", address.describe())
        .log("server started");
    return new GaplessServer(system, url);
  }

  /** Such as {@code http://127.0.0.1:8080}. */
  String url() {
    return url;
  }

  /** Returns when the actor system has ended, for whatever reason. */
  void awaitEnd() {
    system.getWhenTerminated().toCompletableFuture().join();
  }

  private static DatabaseAddress database(LaunchSettings settings, Resources resources) {
    if (settings.database() instanceof Embedded embedded) {
      return resources.add(ServerPostgres.start(embedded)).address();
    }
    return ((External) settings.database()).address();
  }

  private static String url(LaunchSettings settings, InetSocketAddress bound) {
    String scheme = settings.tls().isPresent() ? "https" : "http";
    String host = settings.networkInterface();
    String literal = host.contains(":") ? "[" + host + "]" : host;
    return scheme + "://" + literal + ":" + bound.getPort();
  }

  /** Takes part in a shutdown that a signal has already begun. */
  private static void stop(ActorSystem<Void> system) {
    CoordinatedShutdown.get(system)
        .runAll(CoordinatedShutdown.jvmExitReason())
        .thenCompose(done -> system.getWhenTerminated())
        .toCompletableFuture()
        .orTimeout(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)
        .join();
  }
}
