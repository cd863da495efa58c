package dev.gapless.socket;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.io.Inet;
import org.apache.pekko.japi.function.Function;
import org.jspecify.annotations.Nullable;

/** One server with an actor system of its own, ours or the one of Pekko that it has to equal. */
final class TestServer implements AutoCloseable {
  /** Which of the two. */
  enum Kind {
    OURS,
    PEKKO
  }

  /** A socket option that is code. */
  interface AfterConnect {
    void run(Socket accepted);
  }

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final ActorSystem<Void> system;
  private final InetSocketAddress address;
  private final Answers answers;
  private final Queue<Socket> accepted;
  private final @Nullable SocketServer sockets;

  private TestServer(
      ActorSystem<Void> system,
      InetSocketAddress address,
      Answers answers,
      Queue<Socket> accepted,
      @Nullable SocketServer sockets) {
    this.system = system;
    this.address = address;
    this.answers = answers;
    this.accepted = accepted;
    this.sockets = sockets;
  }

  /**
   * @param config HOCON, below {@code pekko.http.server}
   */
  static TestServer start(Kind kind, String config) throws IOException {
    ActorSystem<Void> system = system();
    try {
      Answers answers = new Answers(system);
      Queue<Socket> accepted = new ConcurrentLinkedQueue<>();
      ServerSettings settings = with(settings(config), accepted::add);
      if (kind == Kind.OURS) {
        SocketServer sockets = bind(system, 0, settings, answers);
        return new TestServer(system, sockets.address(), answers, accepted, sockets);
      }
      InetSocketAddress address =
          Http.get(system)
              .newServerAt("127.0.0.1", 0)
              .withSettings(settings)
              .bind(answers)
              .toCompletableFuture()
              .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
              .join()
              .localAddress();
      return new TestServer(system, address, answers, accepted, null);
    } catch (IOException | RuntimeException e) {
      end(system);
      throw e;
    }
  }

  static TestServer start(String config) throws IOException {
    return start(Kind.OURS, config);
  }

  static ActorSystem<Void> system() {
    return ActorSystem.create(Behaviors.empty(), "sockets");
  }

  static ServerSettings settings(String config) {
    return ServerSettings.create(
        ConfigFactory.parseString("pekko.http.server { " + config + " }")
            .withFallback(ConfigFactory.load()));
  }

  static ServerSettings with(ServerSettings settings, AfterConnect afterConnect) {
    return settings.withSocketOptions(
        List.of(
            new Inet.AbstractSocketOption() {
              @Override
              public void afterConnect(Socket accepted) {
                afterConnect.run(accepted);
              }
            }));
  }

  static SocketServer bind(
      ActorSystem<Void> system,
      int port,
      ServerSettings settings,
      Function<HttpRequest, CompletionStage<HttpResponse>> handler)
      throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    return SocketServer.bind(system, address, settings, handler);
  }

  static void end(ActorSystem<Void> system) {
    system.terminate();
    system
        .getWhenTerminated()
        .toCompletableFuture()
        .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
        .join();
  }

  int port() {
    return address.getPort();
  }

  Answers answers() {
    return answers;
  }

  /** What was shown to the socket options, the oldest first. */
  Queue<Socket> accepted() {
    return accepted;
  }

  /** Ours alone. */
  SocketServer sockets() {
    return Objects.requireNonNull(sockets);
  }

  ActorSystem<Void> actors() {
    return system;
  }

  Client connect() throws IOException {
    return Client.connect(port());
  }

  @Override
  public void close() {
    end(system);
  }
}
