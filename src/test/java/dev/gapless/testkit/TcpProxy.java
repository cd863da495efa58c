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
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

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
    /** They are read and thrown away: the peer hears nothing and sees no end. */
    BLACK_HOLE
  }

  private static final int BUFFER = 16 * 1024;
  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final ServerSocket listening;
  private volatile int target;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final Direction toServer = new Direction();
  private final Direction toClient = new Direction();
  private final AtomicLong budget = new AtomicLong(NO_LIMIT);
  private volatile boolean accepting = true;

  private TcpProxy(int target) throws IOException {
    this.target = target;
    this.listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    daemon("proxy-accept", this::accept);
  }

  /** In front of a port of 127.0.0.1. */
  public static TcpProxy to(int port) {
    try {
      return new TcpProxy(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on leads to another port; the connections that exist stay where they are. */
  public void target(int port) {
    target = port;
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

  /** Each portion of bytes arrives this much later. */
  public void delay(Duration delay) {
    toServer.delay = delay;
    toClient.delay = delay;
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
        Link link = new Link(client, new Socket(InetAddress.getLoopbackAddress(), target));
        links.add(link);
        daemon("proxy-up", () -> link.pump(link.client, link.server, toServer));
        daemon("proxy-down", () -> link.pump(link.server, link.client, toClient));
      } catch (IOException refused) {
        // the target does not listen, or the proxy is closed: the client sees its socket closed
      }
    }
  }

  private static void daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static final class Direction {
    private final Lock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Flow flow = Flow.PASS;
    private volatile Duration delay = Duration.ZERO;

    void flow(Flow next) {
      lock.lock();
      try {
        flow = next;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Waits while the bytes are held; whether they may pass. */
    boolean passes() throws InterruptedException {
      Duration late = delay;
      if (!late.isZero()) {
        java.util.concurrent.locks.LockSupport.parkNanos(late.toNanos());
      }
      lock.lock();
      try {
        while (flow == Flow.HOLD) {
          changed.await();
        }
        return flow == Flow.PASS;
      } finally {
        lock.unlock();
      }
    }
  }

  private final class Link {
    private final Socket client;
    private final Socket server;

    Link(Socket client, Socket server) throws IOException {
      this.client = client;
      this.server = server;
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    }

    void pump(Socket from, Socket to, Direction direction) {
      byte[] buffer = new byte[BUFFER];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        int read;
        while ((read = in.read(buffer)) >= 0) {
          if (direction.passes()) {
            int allowed = direction == toClient ? spend(read) : read;
            out.write(buffer, 0, allowed);
            if (allowed < read) {
              reset();
            }
          }
        }
      } catch (IOException | InterruptedException ended) {
        // one side is gone, so the other one goes too
      } finally {
        close(false);
      }
    }

    /** How many of these bytes may still pass. */
    private int spend(int bytes) {
      long before =
          budget.getAndUpdate(left -> left == NO_LIMIT || left < bytes ? NO_LIMIT : left - bytes);
      return before < bytes ? (int) before : bytes;
    }

    void close(boolean reset) {
      links.remove(this);
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
