package dev.gapless.server;

import dev.gapless.http.StreamResponses;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.RemoteAddress;
import org.apache.pekko.http.javadsl.model.ResponseEntity;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.io.Inet;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * Ends connections that are open for a request which does not come: nothing at all, half a TLS
 * handshake, half a head. Pekko HTTP has only one timeout for silence, and that has to be as long
 * as a slow client may take.
 *
 * <p>A connection is known from its socket, which Pekko shows to the socket options, and its
 * requests from the remote address. While a request is being served, its body received or its
 * answer sent, nothing is ended. Otherwise the input of the socket is shut down: to Pekko that is a
 * client that will send no more, so it sends what it still has, answers half a head with 408 (not
 * over TLS, where that is an attack), and closes. Connections that speak HTTP/2 are left to its
 * pings after their first request. Thread-safe.
 */
final class RequestDeadlines {
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final Executor executor;
  private final long head;
  private final long keepAlive;
  private final Map<InetSocketAddress, Connection> connections = new ConcurrentHashMap<>();
  private volatile boolean draining;

  private RequestDeadlines(Executor executor, Duration head, Duration keepAlive) {
    this.executor = executor;
    this.head = head.toNanos();
    this.keepAlive = keepAlive.toNanos();
  }

  /**
   * @param head for the first request of a connection, from the moment it is accepted
   * @param keepAlive for each further one, from the end of the answer before it
   */
  static RequestDeadlines start(ActorSystem<?> system, Duration head, Duration keepAlive) {
    RequestDeadlines deadlines = new RequestDeadlines(system.executionContext(), head, keepAlive);
    Duration tenth = (head.compareTo(keepAlive) < 0 ? head : keepAlive).dividedBy(10);
    Duration pause = tenth.compareTo(LONGEST_PAUSE) < 0 ? tenth : LONGEST_PAUSE;
    var stop =
        system
            .scheduler()
            .scheduleWithFixedDelay(pause, pause, deadlines::endOverdue, system.executionContext());
    system.getWhenTerminated().thenRun(stop::cancel);
    return deadlines;
  }

  /** The settings to bind the server with. */
  ServerSettings settings(ServerSettings settings) {
    List<Inet.SocketOption> options = new ArrayList<>();
    settings.getSocketOptions().forEach(options::add);
    options.add(
        new Inet.AbstractSocketOption() {
          @Override
          public void afterConnect(Socket accepted) {
            connections.put(
                (InetSocketAddress) accepted.getRemoteSocketAddress(), new Connection(accepted));
          }
        });
    return settings.withSocketOptions(options).withRemoteAddressAttribute(true);
  }

  /** The route to bind the server with. */
  Route around(Route route) {
    return Directives.extractRequest(
        request ->
            connection(request)
                .map(
                    busy -> {
                      busy.begin();
                      return Directives.mapResponse(
                          response -> endingWith(response, busy), () -> route);
                    })
                .orElse(route));
  }

  private Optional<Connection> connection(HttpRequest request) {
    Optional<InetSocketAddress> address =
        request.getAttribute(AttributeKeys.remoteAddress).flatMap(RequestDeadlines::address);
    if (address.isPresent() && request.protocol().value().startsWith("HTTP/2")) {
      connections.remove(address.get());
      return Optional.empty();
    }
    return address.map(connections::get);
  }

  private static Optional<InetSocketAddress> address(RemoteAddress remote) {
    return remote.getAddress().map(ip -> new InetSocketAddress(ip, remote.getPort()));
  }

  /** The answer, which tells when its last byte was handed on. */
  private HttpResponse endingWith(HttpResponse response, Connection busy) {
    ResponseEntity entity = response.entity();
    if (entity.isStrict()) {
      busy.end();
      return response;
    }
    var stream = response.getAttribute(StreamResponses.END);
    if (stream.isPresent()) {
      // no stages around what has thousands of subscribers
      stream.get().reached().whenComplete((end, failure) -> busy.end());
      return response;
    }
    Source<ByteString, Object> bytes =
        entity
            .getDataBytes()
            .watchTermination(
                (unused, done) -> {
                  // with an executor: a stage of Pekko's would go on in the JVM's common pool
                  done.whenCompleteAsync((end, failure) -> busy.end(), executor);
                  return unused;
                });
    return response.withEntity(
        entity.getContentLengthOption().isPresent()
            ? HttpEntities.create(
                entity.getContentType(), entity.getContentLengthOption().getAsLong(), bytes)
            : HttpEntities.createChunked(entity.getContentType(), bytes));
  }

  /** From now on, ends every connection that waits for a request. */
  void endAllIdle() {
    draining = true;
    endOverdue();
  }

  private void endOverdue() {
    long now = System.nanoTime();
    connections.forEach(
        (address, connection) -> {
          if (connection.socket.isClosed()) {
            connections.remove(address, connection);
          } else if (connection.waited(now) > patience(connection)) {
            connections.remove(address, connection);
            connection.takeNoMore();
          }
        });
  }

  private long patience(Connection connection) {
    if (draining) {
      return 0;
    }
    return connection.isNew() ? head : keepAlive;
  }

  /** One that was accepted. */
  private static final class Connection {
    private final Socket socket;
    private boolean isNew = true;
    private int requests;
    private long since = System.nanoTime();

    Connection(Socket socket) {
      this.socket = socket;
    }

    synchronized void begin() {
      isNew = false;
      requests++;
    }

    synchronized void end() {
      requests--;
      since = System.nanoTime();
    }

    synchronized boolean isNew() {
      return isNew;
    }

    /** How long nobody has wanted anything of it. */
    synchronized long waited(long now) {
      return requests > 0 ? 0 : now - since;
    }

    /** The channel belongs to a selector: closed here, whoever serves it would not notice. */
    void takeNoMore() {
      try {
        socket.shutdownInput();
      } catch (IOException e) {
        // it has ended meanwhile
      }
    }
  }
}
