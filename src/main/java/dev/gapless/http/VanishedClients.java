package dev.gapless.http;

import dev.gapless.http.TcpTable.Ends;
import dev.gapless.http.TcpTable.Unanswered;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * Ends connections whose clients have vanished without a word: a machine that lost its network or
 * its power sends no FIN and no RST. The heartbeats of its stream still leave this process, since
 * the kernel takes them over and repeats them, for a quarter of an hour by default. So it is the
 * kernel that is asked, several times within the stall timeout, whether the client answers at all.
 *
 * <p>A client that is slow, or reads nothing, answers: its kernel does. It is not the concern of
 * this actor. Nobody sends to it. It reads files of the kernel's, so it belongs on a dispatcher for
 * blocking work.
 */
final class VanishedClients extends AbstractBehavior<VanishedClients.Look> {
  private static final int LOOKS = 10;
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** Its own, by a timer. */
  enum Look {
    INSTANCE
  }

  /** Since when a client has not answered, by {@link System#nanoTime()}, and what last. */
  private record Silence(long since, Unanswered last) {
    /** Bytes that were acknowledged, or fewer attempts than before: there was an answer. */
    boolean goesOn(Unanswered now) {
      return now.bytes() >= last.bytes() && now.attempts() >= last.attempts();
    }
  }

  private final AcceptedConnections connections;
  private final long limit;
  private Map<Socket, Silence> silent = new HashMap<>();
  private boolean failing;

  /**
   * @param limit how long a client may leave everything unanswered
   */
  static Behavior<Look> create(AcceptedConnections connections, Duration limit) {
    if (!TcpTable.isAvailable()) {
      return Behaviors.empty();
    }
    Duration tenth = limit.dividedBy(LOOKS);
    Duration pause = tenth.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : tenth;
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(Look.INSTANCE, pause);
                  return new VanishedClients(context, connections, limit);
                }));
  }

  private VanishedClients(
      ActorContext<Look> context, AcceptedConnections connections, Duration limit) {
    super(context);
    context.setLoggerName("dev.gapless.http.vanished");
    this.connections = connections;
    this.limit = limit.toNanos();
  }

  @Override
  public Receive<Look> createReceive() {
    return newReceiveBuilder().onMessage(Look.class, look -> onLook()).build();
  }

  private Behavior<Look> onLook() {
    try {
      look();
      failing = false;
    } catch (IOException | RuntimeException e) {
      silent.clear();
      if (!failing) {
        failing = true;
        getContext()
            .getLog()
            .warn("cannot read the system's table of connections: {}", e.toString());
      }
    }
    return this;
  }

  private void look() throws IOException {
    var open = connections.open();
    if (open.isEmpty()) {
      silent.clear();
      return;
    }
    Map<Ends, Unanswered> unanswered = TcpTable.unanswered();
    if (unanswered.isEmpty()) {
      silent.clear();
      return;
    }
    Map<Socket, Silence> still = new HashMap<>();
    int ended = 0;
    long now = System.nanoTime();
    for (Socket connection : open) {
      Unanswered sent = unanswered.get(ends(connection));
      if (sent == null) {
        continue;
      }
      Silence silence =
          new Silence(
              Optional.ofNullable(silent.get(connection))
                  .filter(before -> before.goesOn(sent))
                  .map(Silence::since)
                  .orElse(now),
              sent);
      if (now - silence.since() >= limit) {
        AcceptedConnections.end(connection);
        ended++;
      } else {
        still.put(connection, silence);
      }
    }
    silent = still;
    if (ended > 0) {
      getContext().getLog().atInfo().addKeyValue("connections", ended).log("clients_vanished");
    }
  }

  private static Ends ends(Socket connection) {
    return new Ends(
        (InetSocketAddress) connection.getLocalSocketAddress(),
        (InetSocketAddress) connection.getRemoteSocketAddress());
  }
}
