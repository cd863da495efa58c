package dev.gapless.server;

import com.typesafe.config.Config;
import dev.gapless.http.HttpServerSettings;
import dev.gapless.socket.SocketServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBuilder;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the server listens: without TLS and HTTP/2 on sockets of our own ({@link SocketServer}), else
 * on Pekko's.
 */
final class Listening {
  private static final Logger log = LoggerFactory.getLogger(Listening.class);
  private static final Duration BIND_LIMIT = Duration.ofSeconds(30);

  private final ActorSystem<?> system;
  private final LaunchSettings settings;
  private final RequestDeadlines deadlines;
  private final ServerSettings server;
  private final Route route;

  private Listening(ActorSystem<?> system, LaunchSettings settings, Application application) {
    this.system = system;
    this.settings = settings;
    this.deadlines =
        RequestDeadlines.start(
            system, settings.deadlines().head(), settings.deadlines().keepAlive());
    Config config = system.settings().config();
    this.server = deadlines.settings(HttpServerSettings.create(config, application.services()));
    this.route = deadlines.around(application.route());
  }

  /**
   * Listens until coordinated shutdown.
   *
   * @return the address that it has got
   * @throws Refusal if it is taken
   */
  static InetSocketAddress start(
      ActorSystem<?> system, LaunchSettings settings, Application application) {
    Listening listening = new Listening(system, settings, application);
    return settings.tls().isPresent() || settings.h2c()
        ? listening.onSocketsOfPekko()
        : listening.onOurSockets();
  }

  private InetSocketAddress onOurSockets() {
    SocketServer sockets;
    try {
      InetAddress address = InetAddress.getByName(settings.networkInterface());
      sockets =
          SocketServer.bind(
              system,
              new InetSocketAddress(address, settings.port()),
              server,
              route.function(system));
    } catch (IOException e) {
      throw refusal(e);
    }
    CoordinatedShutdown shutdown = CoordinatedShutdown.get(system);
    shutdown.addTask(
        CoordinatedShutdown.PhaseServiceUnbind(),
        "gapless-unbind",
        () -> {
          sockets.unbind();
          return done();
        });
    shutdown.addTask(
        CoordinatedShutdown.PhaseServiceRequestsDone(),
        "gapless-requests",
        () -> {
          CompletionStage<Done> ended = sockets.terminate(settings.shutdownDeadline());
          deadlines.endAllIdle();
          return ended;
        });
    sockets
        .ended()
        .thenRun(
            () -> {
              if (shutdown.getShutdownReason().isEmpty()) {
                log.error("the server cannot accept connections any more; stopping");
                system.terminate();
              }
            });
    return sockets.address();
  }

  private static CompletionStage<Done> done() {
    return CompletableFuture.completedFuture(Done.getInstance());
  }

  private InetSocketAddress onSocketsOfPekko() {
    ServerBuilder builder =
        Http.get(system)
            .newServerAt(settings.networkInterface(), settings.port())
            .withSettings(server.withEnableHttp2(true));
    if (settings.tls().isPresent()) {
      builder = builder.enableHttps(Tls.context(settings.tls().get()));
    }
    try {
      return builder
          .bind(route)
          .toCompletableFuture()
          .orTimeout(BIND_LIMIT.toSeconds(), TimeUnit.SECONDS)
          .join()
          .addToCoordinatedShutdown(settings.shutdownDeadline(), system)
          .localAddress();
    } catch (CompletionException e) {
      throw refusal(e.getCause() instanceof BindException ? e.getCause() : e);
    }
  }

  private Refusal refusal(Throwable cause) {
    return new Refusal(
        "cannot listen on "
            + settings.networkInterface()
            + ":"
            + settings.port()
            + " (is another program using the port? choose one with --port)",
        cause);
  }
}
