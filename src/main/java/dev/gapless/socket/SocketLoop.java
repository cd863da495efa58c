package dev.gapless.socket;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that accepts connections and tells them when their sockets are ready. It neither reads
 * nor writes: the connections do that where their streams run.
 */
final class SocketLoop {
  private static final Logger log = LoggerFactory.getLogger("dev.gapless.sockets");

  // connections that are open want to hear of their sockets, too
  private static final int ACCEPTS_IN_A_ROW = 32;
  private static final Duration TICK = Duration.ofSeconds(1);

  private final Selector selector;
  private final ServerSocketChannel server;
  private final SelectionKey serverKey;
  private final int most;
  private final long stallTimeout;
  private final Begin accepted;
  private final Runnable ended;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final Set<SocketConnection> writing = ConcurrentHashMap.newKeySet();

  // of the thread alone
  private int open;
  private boolean acceptFailed;
  private boolean stopping;
  private boolean stopped;

  /** What happens to a new connection. */
  interface Begin {
    void begin(SocketConnection connection) throws IOException;
  }

  /**
   * @param most connections at once; others wait in the kernel
   * @param stallTimeout how long a connection may accept no byte of what is to be written
   * @param accepted is given each connection on the thread of the loop
   * @param ended is run after the last connection has ended, once the loop was told to stop
   */
  SocketLoop(
      ServerSocketChannel server, int most, Duration stallTimeout, Begin accepted, Runnable ended)
      throws IOException {
    this.server = server;
    this.most = most;
    this.stallTimeout = stallTimeout.toNanos();
    this.accepted = accepted;
    this.ended = ended;
    server.configureBlocking(false);
    this.selector = Selector.open();
    this.serverKey = server.register(selector, SelectionKey.OP_ACCEPT);
  }

  void start() {
    Thread thread = new Thread(this::run, "gapless-sockets");
    thread.setDaemon(true);
    thread.start();
  }

  /** Accepts no more. The port is free soon after. */
  void unbind() {
    execute(this::closeServer);
  }

  /** Ends as soon as no connection is open. */
  void stop() {
    execute(
        () -> {
          closeServer();
          stopping = true;
        });
  }

  /** Ends every connection at once. */
  void abortAll() {
    execute(this::abortEach);
  }

  /** The channel was closed. */
  void closed(SocketConnection connection) {
    writing.remove(connection);
    execute(() -> open--);
  }

  /** Its interest has changed. */
  void changed() {
    selector.wakeup();
  }

  /**
   * The kernel takes no more of what it has to write.
   *
   * @return whether it took all until now
   */
  boolean writing(SocketConnection connection) {
    return writing.add(connection);
  }

  void written(SocketConnection connection) {
    writing.remove(connection);
  }

  /** In nanoseconds. */
  long stallTimeout() {
    return stallTimeout;
  }

  private void execute(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  private void run() {
    long looked = System.nanoTime();
    try {
      while (!stopped) {
        boolean waits = acceptFailed || !writing.isEmpty();
        selector.select(this::ready, waits ? TICK.toMillis() : 0);
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
          task.run();
        }
        long now = System.nanoTime();
        if (waits && now - looked >= TICK.toNanos()) {
          looked = now;
          acceptFailed = false;
          writing.forEach(SocketConnection::lookIfStalled);
        }
        acceptWhileThereIsRoom();
        stopped = stopping && open <= 0;
      }
    } catch (IOException | RuntimeException | Error e) {
      // without it nothing of this server works
      log.error("sockets_failed", e);
      abortEach();
    } finally {
      closeServer();
      closeSelector();
      ended.run();
    }
  }

  private void ready(SelectionKey key) {
    if (key.attachment() instanceof SocketConnection connection) {
      try {
        // until the stream has done something about it
        int ready = key.readyOps();
        key.interestOpsAnd(~ready);
        connection.ready(ready);
      } catch (CancelledKeyException e) {
        // closed by its stream meanwhile
      }
    } else {
      accept();
    }
  }

  private void acceptWhileThereIsRoom() {
    if (serverKey.isValid()) {
      int wanted = open < most && !acceptFailed ? SelectionKey.OP_ACCEPT : 0;
      if (serverKey.interestOps() != wanted) {
        serverKey.interestOps(wanted);
      }
    }
  }

  private void accept() {
    try {
      for (int i = 0; i < ACCEPTS_IN_A_ROW && open < most; i++) {
        SocketChannel channel = server.accept();
        if (channel == null) {
          return;
        }
        open++;
        begin(channel);
      }
    } catch (ClosedChannelException e) {
      // unbound
    } catch (IOException e) {
      // such as too many open files: those that wait keep waiting
      acceptFailed = true;
      log.warn("connections_not_accepted: {}", e.getMessage());
    }
  }

  private void begin(SocketChannel channel) {
    SocketConnection connection = new SocketConnection(channel, this);
    try {
      channel.configureBlocking(false);
      connection.registered(channel.register(selector, 0, connection));
      accepted.begin(connection);
    } catch (IOException e) {
      // it has ended already
      log.debug("connection_not_begun", e);
      connection.close(true);
    } catch (RuntimeException e) {
      // such as a system that has ended
      log.warn("connection_not_begun", e);
      connection.close(true);
    }
  }

  private void abortEach() {
    for (SelectionKey key : selector.keys()) {
      if (key.attachment() instanceof SocketConnection connection) {
        connection.abort();
      }
    }
  }

  /** What is closed from now on is so at once, without waiting for the selector. */
  private void closeSelector() {
    try {
      selector.close();
    } catch (IOException e) {
      log.warn("selector", e);
    }
  }

  private void closeServer() {
    try {
      server.close();
    } catch (IOException e) {
      log.warn("unbind", e);
    }
  }
}
