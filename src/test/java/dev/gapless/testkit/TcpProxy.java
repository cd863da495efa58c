package dev.gapless.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * A network between a client and a server on 127.0.0.1, which can be slow, silent or cut, in each
 * direction. Changes hold for connections that exist and for new ones. Thread-safe.
 */
public final class TcpProxy implements AutoCloseable {
  /** What happens to the bytes of one direction. */
  public enum Flow {
    PASS,
    /** They are kept back, and passed on when the flow passes again. */
    HOLD,
    /**
     * They are read and thrown away: the peer hears nothing and sees no end. A connection that has
     * lost bytes stays silent in this direction for good, as one of TCP's would: cut it.
     */
    BLACK_HOLE
  }

  // all that may be under way at once on a slow connection
  private static final int BUFFER = 64 * 1024;
  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final ServerSocket listening;
  private volatile int target;
  private final Function<Link, ProxyTap> taps;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final ProxyFlow toServer = new ProxyFlow();
  private final ProxyFlow toClient = new ProxyFlow();
  private final AtomicLong budget = new AtomicLong(NO_LIMIT);
  private volatile Set<InetAddress> cutOff = Set.of();
  private volatile boolean accepting = true;

  private TcpProxy(int target, Function<Link, ProxyTap> taps) throws IOException {
    this.target = target;
    this.taps = taps;
    this.listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    daemon("proxy-accept", this::accept);
  }

  /** In front of a port of 127.0.0.1. */
  public static TcpProxy to(int port) {
    return to(port, link -> ProxyTap.None.INSTANCE);
  }

  static TcpProxy to(int port, Function<Link, ProxyTap> taps) {
    try {
      return new TcpProxy(port, taps);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on leads to another port; the connections that exist stay where they are. */
  public void target(int port) {
    target = port;
  }

  /**
   * The connections that exist fall silent for good, without an end; new ones are not concerned. So
   * it is when an address moves to another machine.
   */
  public void strand() {
    links.forEach(link -> link.stranded = true);
  }

  /** Where clients connect, on 127.0.0.1. */
  public int port() {
    return listening.getLocalPort();
  }

  public int connections() {
    return links.size();
  }

  public void toServer(Flow flow) {
    toServer.flow(flow);
  }

  public void toClient(Flow flow) {
    toClient.flow(flow);
  }

  /** Both directions. */
  public void flow(Flow flow) {
    toServer(flow);
    toClient(flow);
  }

  /** As {@link Flow#BLACK_HOLE}, for the clients at these addresses alone. */
  public void blackHole(Set<InetAddress> clients) {
    cutOff = Set.copyOf(clients);
  }

  /** Each portion of bytes arrives this much later. */
  public void delay(Duration delay) {
    delay(delay, delay);
  }

  public void delay(Duration up, Duration down) {
    toServer.delay(up);
    toClient.delay(down);
  }

  /** Whether new connections are served; if not they are accepted and closed. */
  public void accepting(boolean yes) {
    accepting = yes;
  }

  /** Ends every connection in an orderly way (FIN). */
  public void cut() {
    links.forEach(link -> link.close(false));
  }

  /** Ends every connection when so many more bytes have gone to the clients, in mid-message. */
  public void resetAfter(long bytes) {
    budget.set(bytes);
  }

  /** Whether the reset that was announced has happened (or none was). */
  public boolean hasReset() {
    return budget.get() == NO_LIMIT;
  }

  /** Ends every connection as a crashed peer does (RST). */
  public void reset() {
    links.forEach(link -> link.close(true));
  }

  @Override
  public void close() {
    accepting = false;
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
    flow(Flow.PASS);
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        if (!accepting) {
          client.close();
          continue;
        }
        serve(client);
      } catch (IOException refused) {
        // the proxy is closed
      }
    }
  }

  private void serve(Socket client) throws IOException {
    Link link;
    try {
      link = new Link(client, new Socket(InetAddress.getLoopbackAddress(), target));
    } catch (IOException refused) {
      // the target does not listen: the client is told at once
      client.setSoLinger(true, 0);
      client.close();
      return;
    }
    links.add(link);
    daemon("proxy-up", () -> link.pump(true));
    daemon("proxy-down", () -> link.pump(false));
  }

  private static void daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** One connection. */
  final class Link {
    private final Socket client;
    private final Socket server;
    private final ProxyTap tap;
    private volatile boolean stranded;

    Link(Socket client, Socket server) throws IOException {
      this.client = client;
      this.server = server;
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      tap = taps.apply(this);
    }

    private void pump(boolean up) {
      byte[] buffer = new byte[BUFFER];
      boolean lost = false;
      try {
        InputStream in = (up ? client : server).getInputStream();
        OutputStream out = (up ? server : client).getOutputStream();
        int read;
        while ((read = in.read(buffer)) >= 0) {
          if (up) {
            tap.sent(buffer, read);
          }
          lost |=
              stranded
                  || cutOff.contains(client.getInetAddress())
                  || !(up ? toServer : toClient).passes()
                  || !tap.passes(up);
          if (!lost) {
            pass(up, out, buffer, read);
          }
        }
      } catch (IOException | InterruptedException ended) {
        // one side is gone, so the other one goes too
      } finally {
        if (up || !stranded) {
          close(false);
        }
      }
    }

    private void pass(boolean up, OutputStream out, byte[] buffer, int read) throws IOException {
      if (up) {
        out.write(buffer, 0, read);
        return;
      }
      int affordable = spend(read);
      int allowed = tap.allowed(affordable);
      out.write(tap.received(buffer, allowed));
      if (affordable < read) {
        reset();
      } else if (allowed < affordable) {
        close(true);
      }
    }

    /** How many of these bytes may still pass. */
    private int spend(int bytes) {
      long before =
          budget.getAndUpdate(left -> left == NO_LIMIT || left < bytes ? NO_LIMIT : left - bytes);
      return before < bytes ? (int) before : bytes;
    }

    void close(boolean reset) {
      if (links.remove(this)) {
        tap.ended();
      }
      for (Socket socket : new Socket[] {client, server}) {
        try {
          if (reset) {
            socket.setSoLinger(true, 0);
          }
          socket.close();
        } catch (IOException alreadyClosed) {
          // as wanted
        }
      }
    }
  }
}
