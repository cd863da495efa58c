package dev.gapless.clients;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * One address for clients while nodes come and go behind it. It remembers with which {@code
 * Last-Event-ID} a path was asked for and which ids were sent. Only for requests without a body.
 */
final class RecordingProxy implements AutoCloseable {

  /** One request of a client. */
  record Request(String target, Optional<String> lastEventId) {}

  private final int port;
  private volatile ServerSocket server;
  private volatile String pagesPrefix = "nowhere";
  private volatile int pagesPort;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger upstream = new AtomicInteger();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Map<String, String> lastIdSent = new ConcurrentHashMap<>();

  RecordingProxy() {
    server = listen(0);
    port = server.getLocalPort();
    threads.execute(this::accept);
  }

  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return port;
  }

  /** Where new connections go. */
  void forwardTo(int node) {
    upstream.set(node);
    if (server.isClosed()) {
      server = listen(port);
      threads.execute(this::accept);
    }
  }

  /** Connections whose first request is below the prefix go there: pages of the same origin. */
  void servePages(String prefix, int server) {
    pagesPort = server;
    pagesPrefix = prefix;
  }

  /** Refuses new connections, as an address does where nobody listens; those there are go on. */
  void refuse() {
    closeQuietly(server);
  }

  /** Cuts every connection, as a dying node does. */
  void cut() {
    open.forEach(RecordingProxy::closeQuietly);
  }

  List<Request> requests(String targetPrefix) {
    return requests.stream().filter(r -> r.target().startsWith(targetPrefix)).toList();
  }

  /** The last id that was sent in answer to a target. */
  Optional<String> lastIdSent(String targetPrefix) {
    return lastIdSent.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(targetPrefix))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  @Override
  public void close() {
    closeQuietly(server);
    cut();
    threads.shutdownNow();
  }

  private void accept() {
    ServerSocket listening = server;
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        open.add(client);
        threads.execute(() -> connect(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void connect(Socket client) {
    Socket node = new Socket();
    open.add(node);
    try {
      String requestLine = readLine(client.getInputStream());
      int port = requestLine.contains(" " + pagesPrefix) ? pagesPort : upstream.get();
      node.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
      Exchange exchange = new Exchange();
      Lines requestLines = new Lines(exchange::onRequestLine);
      byte[] read = requestLine.getBytes(StandardCharsets.ISO_8859_1);
      requestLines.feed(read, read.length);
      node.getOutputStream().write(read);
      threads.execute(() -> pump(client, node, requestLines));
      pump(node, client, new Lines(exchange::onResponseLine));
    } catch (IOException refused) {
      closeQuietly(node);
      closeQuietly(client);
    }
  }

  /** The line with its end. */
  private static String readLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int c;
    do {
      c = in.read();
      if (c < 0) {
        throw new IOException("closed without a request");
      }
      line.append((char) c);
    } while (c != '\n');
    return line.toString();
  }

  private void pump(Socket from, Socket to, Lines lines) {
    byte[] buffer = new byte[16_384];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        lines.feed(buffer, n);
        out.write(buffer, 0, n);
        out.flush();
      }
    } catch (IOException cut) {
      // the other side learns it below
    } finally {
      closeQuietly(from);
      closeQuietly(to);
      open.remove(from);
      open.remove(to);
    }
  }

  /** The requests of one connection, one after the other. */
  private final class Exchange {
    private volatile String target = "";
    private volatile Optional<String> lastEventId = Optional.empty();

    void onRequestLine(String line) {
      if (line.endsWith(" HTTP/1.1")) {
        target = line.split(" ")[1];
        lastEventId = Optional.empty();
      } else if (line.regionMatches(true, 0, "last-event-id:", 0, 14)) {
        lastEventId = Optional.of(line.substring(14).strip());
      } else if (line.isEmpty()) {
        requests.add(new Request(target, lastEventId));
      }
    }

    void onResponseLine(String line) {
      if (line.startsWith("id: ")) {
        lastIdSent.put(target, line.substring(4));
      }
    }
  }

  private static final class Lines {
    private final Consumer<String> consumer;
    private final StringBuilder line = new StringBuilder();

    Lines(Consumer<String> consumer) {
      this.consumer = consumer;
    }

    void feed(byte[] bytes, int count) {
      for (int i = 0; i < count; i++) {
        char c = (char) (bytes[i] & 0xff);
        if (c == '\n') {
          consumer.accept(line.toString());
          line.setLength(0);
        } else if (c != '\r') {
          line.append(c);
        }
      }
    }
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception alreadyGone) {
      // nothing left to close
    }
  }
}
