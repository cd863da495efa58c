package dev.gapless.socket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.RemoteAddress;
import org.apache.pekko.http.javadsl.model.headers.Connection;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.io.Inet;
import org.apache.pekko.japi.function.Function;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Attributes.CancellationStrategy;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Flow;

/**
 * A server for HTTP/1.1 without TLS: Pekko HTTP's server layer on sockets of our own, in place of
 * {@code Http.newServerAt(…).bind(…)}.
 *
 * <p>Pekko's TCP has an actor for each connection, through which every write takes two more turns
 * of the dispatcher, and accepts one connection at a time, with some six turns between two. Where
 * ten thousand streams are busy a turn takes a tenth of a second, and nobody else gets in. Here the
 * stream writes to its socket itself, and a thread of its own accepts (see docs/benchmarks.md).
 *
 * <p>{@code max-connections}, {@code backlog}, {@code socket-options}, {@code pipelining-limit} and
 * everything about requests and answers is taken from the settings. {@code idle-timeout} is how
 * long a connection may accept no byte of what has to be written; how long a quiet one may stay is
 * for others to decide. {@code TCP_NODELAY} is on unless they say otherwise. Requests carry {@link
 * AttributeKeys#remoteAddress}. Thread-safe.
 */
public final class SocketServer {
  private final ActorSystem<?> system;
  private final List<Inet.SocketOption> options = new ArrayList<>();
  private final ServerSettings settings;
  private final Function<HttpRequest, CompletionStage<HttpResponse>> handler;
  private final BidiFlow<
          org.apache.pekko.http.scaladsl.model.HttpResponse,
          SslTlsOutbound,
          SslTlsInbound,
          org.apache.pekko.http.scaladsl.model.HttpRequest,
          NotUsed>
      http;
  private final Attributes cancellation;
  private final SSLSession noSession;
  private final InetSocketAddress address;
  private final SocketLoop loop;
  private final CompletableFuture<Done> ended = new CompletableFuture<>();
  private volatile boolean terminating;

  private SocketServer(
      ActorSystem<?> system,
      ServerSocketChannel channel,
      ServerSettings settings,
      Function<HttpRequest, CompletionStage<HttpResponse>> handler)
      throws IOException {
    this.system = system;
    this.settings = settings;
    this.handler = handler;
    settings.getSocketOptions().forEach(options::add);
    // made once for all connections, as Pekko's own server does
    // (the one for Java has two more stages, which do nothing)
    this.http =
        org.apache.pekko.http.scaladsl.Http.apply(Adapter.toClassic(system))
            .serverLayer(
                (org.apache.pekko.http.scaladsl.settings.ServerSettings) settings,
                scala.Option.empty(),
                Adapter.toClassic(system).log(),
                false)
            .asJava();
    this.cancellation =
        Attributes.none()
            .and(
                new CancellationStrategy(
                    Attributes.cancellationStrategyAfterDelay(
                        settings.getStreamCancellationDelay(),
                        Attributes.cancellationStrategyFailStage())));
    this.noSession = noSession();
    this.address = (InetSocketAddress) channel.getLocalAddress();
    var idle = settings.getTimeouts().idleTimeout();
    this.loop =
        new SocketLoop(
            channel,
            settings.getMaxConnections(),
            idle.isFinite() ? Duration.ofNanos(idle.toNanos()) : Duration.ofNanos(Long.MAX_VALUE),
            this::begin,
            this::end);
  }

  /**
   * Begins to accept connections.
   *
   * @param address to listen on; port 0 takes a free one
   * @param handler answers requests, as a {@code Route} does by its {@code function(system)}
   * @throws java.net.BindException if the address cannot be had
   * @throws IOException if there are no more sockets
   */
  public static SocketServer bind(
      ActorSystem<?> system,
      InetSocketAddress address,
      ServerSettings settings,
      Function<HttpRequest, CompletionStage<HttpResponse>> handler)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      settings
          .getSocketOptions()
          .forEach(option -> option.beforeServerSocketBind(channel.socket()));
      channel.bind(address, settings.getBacklog());
      SocketServer server = new SocketServer(system, channel, settings, handler);
      server.loop.start();
      // its streams have ended by then
      system.getWhenTerminated().thenRun(server.loop::stop);
      return server;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Where it listens, with the port that it has got. */
  public InetSocketAddress address() {
    return address;
  }

  /** Accepts no more connections; those that are open go on. */
  public void unbind() {
    loop.unbind();
  }

  /**
   * Accepts no more connections and ends each after the answer that it is waiting for. Connections
   * that wait for nothing are not ended: whoever knows them does that.
   *
   * @param deadline after which those that are left are cut
   * @return completes when none is left
   */
  public CompletionStage<Done> terminate(Duration deadline) {
    terminating = true;
    loop.stop();
    var cut = system.scheduler().scheduleOnce(deadline, loop::abortAll, system.executionContext());
    return ended.whenComplete((done, failure) -> cut.cancel());
  }

  /**
   * Completes when it no longer serves: after {@link #terminate}, after the end of the actor
   * system, or because it cannot go on.
   */
  public CompletionStage<Done> ended() {
    return ended;
  }

  private void begin(SocketConnection connection) throws IOException {
    connection.socket().setTcpNoDelay(true);
    RemoteAddress remote = RemoteAddress.create(connection.remote());
    options.forEach(option -> option.afterConnect(connection.socket()));
    Flow.of(org.apache.pekko.http.scaladsl.model.HttpRequest.class)
        .mapAsync(settings.getPipeliningLimit(), request -> answer(request, remote))
        // not by a stage of the future: a route's would go on in the JVM's common pool
        .map(this::lastWhenTerminating)
        // no attribute for all: each of twenty stages would hold a list that is longer by it
        .withAttributes(cancellation)
        .join(http)
        .join(Flow.fromGraph(new SocketStage(connection, noSession)))
        .run(system);
  }

  private CompletionStage<HttpResponse> answer(HttpRequest request, RemoteAddress remote)
      throws Exception {
    return handler.apply(request.addAttribute(AttributeKeys.remoteAddress, remote));
  }

  private org.apache.pekko.http.scaladsl.model.HttpResponse lastWhenTerminating(
      HttpResponse response) {
    return (org.apache.pekko.http.scaladsl.model.HttpResponse)
        (terminating ? response.addHeader(Connection.create("close")) : response);
  }

  private void end() {
    ended.complete(Done.getInstance());
  }

  /** What an engine has before its first handshake. */
  private static SSLSession noSession() {
    try {
      return SSLContext.getDefault().createSSLEngine().getSession();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
