package dev.gapless.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A client of an event stream on a thread of its own, as a browser is one: it comes back with its
 * {@code Last-Event-ID} whenever the stream ends, and remembers all it got. It can move to another
 * node and stop reading. Thread-safe.
 */
public final class EventClient implements AutoCloseable {
  /** An event that is not control: its data is kept only when asked for. */
  public record Received(long position, String cursor, String type, String data, long nanos) {}

  /** A {@code gapless.…} frame, and how many events had come before it. */
  public record Control(String event, String id, String data, int after) {}

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final String target;
  private final boolean keepData;
  private final boolean byteByByte;
  private final Thread thread;
  private final Lock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Received> received = new ArrayList<>();
  private final List<Control> controls = new ArrayList<>();
  private final List<Integer> refusals = new ArrayList<>();
  private Optional<RawHttp> connection = Optional.empty();
  private String lastEventId = "";
  private int port;
  private int connects;
  private boolean reading = true;
  private boolean closed;

  private EventClient(int port, String target, boolean keepData, boolean byteByByte) {
    this.port = port;
    this.target = target;
    this.keepData = keepData;
    this.byteByByte = byteByByte;
    this.thread = new Thread(this::run, "event-client");
    thread.setDaemon(true);
    thread.start();
  }

  /** Subscribes, such as to {@code /v1/events?owner=a}, and waits for the first frame. */
  public static EventClient watch(ServerNode node, String target) {
    return opened(new EventClient(node.port(), target, false, false));
  }

  public static EventClient watchWithData(ServerNode node, String target) {
    return opened(new EventClient(node.port(), target, true, false));
  }

  /** One that reads each byte by itself. */
  public static EventClient watchByteByByte(ServerNode node, String target) {
    return opened(new EventClient(node.port(), target, false, true));
  }

  private static EventClient opened(EventClient client) {
    org.awaitility.Awaitility.await("stream is open")
        .atMost(Duration.ofSeconds(30))
        .until(() -> !client.controls().isEmpty());
    return client;
  }

  private void run() {
    while (!isClosed()) {
      try {
        serve();
      } catch (IOException | RuntimeException e) {
        // cut: come back
      }
      if (!isClosed()) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private void serve() throws IOException {
    int to;
    String last;
    lock.lock();
    try {
      to = port;
      last = lastEventId;
    } finally {
      lock.unlock();
    }
    try (RawHttp http = RawHttp.connect(to)) {
      attach(http, to);
      List<String> headers = new ArrayList<>(List.of("Accept: text/event-stream"));
      if (!last.isEmpty()) {
        headers.add("Last-Event-ID: " + last);
      }
      http.write(
          RawHttp.head("GET " + target + " HTTP/1.1", new byte[0], headers.toArray(String[]::new)));
      RawHttp.Answer head = http.readHead();
      if (head.status() != 200) {
        withLock(() -> refusals.add(head.status()));
        return;
      }
      read(http, http.body(head));
    }
  }

  private void attach(RawHttp http, int to) throws IOException {
    lock.lock();
    try {
      if (closed || port != to) {
        throw new IOException("moved on");
      }
      connection = Optional.of(http);
      connects++;
    } finally {
      lock.unlock();
    }
  }

  private void read(RawHttp http, InputStream body) throws IOException {
    SseParser parser = new SseParser();
    byte[] buffer = new byte[byteByByte ? 1 : 64 * 1024];
    while (mayRead(http)) {
      int count = body.read(buffer);
      if (count < 0) {
        return;
      }
      parser.feed(buffer, 0, count);
      long now = System.nanoTime();
      List<SseParser.Frame> frames = parser.takeFrames();
      if (!frames.isEmpty()) {
        take(http, frames, now);
      }
    }
  }

  /** Waits while reading is stopped. */
  private boolean mayRead(RawHttp http) throws IOException {
    lock.lock();
    try {
      while (!reading && !closed && connection.equals(Optional.of(http))) {
        changed.await();
      }
      return !closed;
    } catch (InterruptedException e) {
      throw new IOException(e);
    } finally {
      lock.unlock();
    }
  }

  private void take(RawHttp http, List<SseParser.Frame> frames, long now) {
    lock.lock();
    try {
      if (!connection.equals(Optional.of(http))) {
        return;
      }
      for (SseParser.Frame frame : frames) {
        if (frame.event().startsWith("gapless.")) {
          controls.add(new Control(frame.event(), frame.id(), frame.data(), received.size()));
        } else {
          received.add(
              new Received(
                  position(frame.id()),
                  frame.id(),
                  frame.event(),
                  keepData ? frame.data() : "",
                  now));
        }
        if (!frame.id().isEmpty()) {
          lastEventId = frame.id();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private static long position(String cursor) {
    int dash = cursor.indexOf('-');
    return Long.parseLong(dash < 0 ? cursor : cursor.substring(0, dash));
  }

  /** Leaves wherever the stream happens to be and goes on at another node (or the same one). */
  public void moveTo(ServerNode node) {
    withLock(
        () -> {
          port = node.port();
          cut();
        });
  }

  /** Drops the connection, as a network does. */
  public void disconnect() {
    withLock(this::cut);
  }

  private void cut() {
    connection.ifPresent(
        http -> {
          try {
            http.close();
          } catch (IOException e) {
            // it was gone already
          }
        });
    connection = Optional.empty();
    changed.signalAll();
  }

  public void stopReading() {
    withLock(() -> reading = false);
  }

  public void goOnReading() {
    withLock(
        () -> {
          reading = true;
          changed.signalAll();
        });
  }

  public List<Received> received() {
    lock.lock();
    try {
      return List.copyOf(received);
    } finally {
      lock.unlock();
    }
  }

  public List<Long> positions() {
    return received().stream().map(Received::position).toList();
  }

  public int count() {
    lock.lock();
    try {
      return received.size();
    } finally {
      lock.unlock();
    }
  }

  public List<Control> controls() {
    lock.lock();
    try {
      return List.copyOf(controls);
    } finally {
      lock.unlock();
    }
  }

  /** Control frames of this name. */
  public List<Control> controls(String event) {
    return controls().stream().filter(control -> control.event().equals(event)).toList();
  }

  public List<Control> resets() {
    return controls("gapless.reset");
  }

  /** What it has got since the last reset, or since it began. */
  public List<Received> receivedSinceReset() {
    lock.lock();
    try {
      int from = 0;
      for (Control control : controls) {
        if (control.event().equals("gapless.reset")) {
          from = control.after();
        }
      }
      return List.copyOf(received.subList(from, received.size()));
    } finally {
      lock.unlock();
    }
  }

  /** Statuses of answers that were no streams. */
  public List<Integer> refusals() {
    lock.lock();
    try {
      return List.copyOf(refusals);
    } finally {
      lock.unlock();
    }
  }

  /** How many connections it has made. */
  public int connects() {
    lock.lock();
    try {
      return connects;
    } finally {
      lock.unlock();
    }
  }

  public String lastEventId() {
    lock.lock();
    try {
      return lastEventId;
    } finally {
      lock.unlock();
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void withLock(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    withLock(
        () -> {
          closed = true;
          cut();
        });
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
