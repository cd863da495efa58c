package dev.gapless.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * Thousands of subscribers on one thread, each on a connection of its own. Every byte of every
 * event is compared with what the others of its group got, and the positions grow: a group that got
 * what is committed has lost, repeated and reordered nothing. Thread-safe.
 */
final class SseLoad implements AutoCloseable {
  /**
   * So many wait for the beginning of their answer at once: fewer than a server's backlog, since
   * the kernel drops what is above it, and the client tries again a second later.
   */
  private static final int UNANSWERED = 2_000;

  private static final int BUFFER = 256 << 10;

  private final Selector selector;
  private final Thread thread;
  private final Object lock = new Object();
  private final Deliveries deliveries = new Deliveries();
  private final Map<String, Expected> groups = new HashMap<>();
  private final List<Subscriber> subscribers = new ArrayList<>();
  private final Queue<Subscriber> waiting = new ArrayDeque<>();
  private final InetSocketAddress server;
  private int unanswered;
  private Throwable failure;
  private volatile boolean closed;

  SseLoad(int port) {
    server = new InetSocketAddress("127.0.0.1", port);
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    thread = new Thread(this::run, "sse-load");
    thread.setDaemon(true);
    thread.start();
  }

  /** Begins to open so many connections that all get the same events from now on. */
  SseLoad add(int count, String target) {
    return add(count, target, target);
  }

  /**
   * @param group those of one group get the same events
   */
  SseLoad add(int count, String target, String group) {
    synchronized (lock) {
      Expected expected = groups.computeIfAbsent(group, name -> new Expected());
      for (int i = 0; i < count; i++) {
        Subscriber subscriber = new Subscriber(socket(), target, expected, deliveries);
        subscriber.beginAtEnd();
        subscribers.add(subscriber);
        waiting.add(subscriber);
      }
    }
    selector.wakeup();
    return this;
  }

  private static SocketChannel socket() {
    try {
      SocketChannel channel = SocketChannel.open();
      channel.configureBlocking(false);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      // thousands in TIME_WAIT would use up the ports
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      return channel;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void run() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    byte[] bytes = new byte[BUFFER];
    try {
      while (!closed) {
        synchronized (lock) {
          connectMore();
        }
        selector.select(key -> ready(key, buffer, bytes));
      }
    } catch (IOException | RuntimeException | Error e) {
      synchronized (lock) {
        failure = e;
      }
    }
  }

  private void connectMore() throws IOException {
    while (unanswered < UNANSWERED && !waiting.isEmpty()) {
      Subscriber next = waiting.remove();
      unanswered++;
      boolean done = next.channel.connect(server);
      SelectionKey key = next.channel.register(selector, SelectionKey.OP_CONNECT, next);
      if (done) {
        connected(next, key);
      }
    }
  }

  private void ready(SelectionKey key, ByteBuffer buffer, byte[] bytes) {
    Subscriber subscriber = (Subscriber) key.attachment();
    try {
      if (key.isConnectable()) {
        subscriber.channel.finishConnect();
        connected(subscriber, key);
        return;
      }
      int count = subscriber.channel.read(buffer.clear());
      long now = System.nanoTime();
      if (count > 0) {
        buffer.flip().get(bytes, 0, count);
      }
      synchronized (lock) {
        if (count < 0) {
          subscriber.end();
          key.cancel();
        } else {
          if (subscriber.take(bytes, count, now)) {
            unanswered--;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void connected(Subscriber subscriber, SelectionKey key) throws IOException {
    subscriber.channel.write(ByteBuffer.wrap(subscriber.request()));
    key.interestOps(SelectionKey.OP_READ);
  }

  int size() {
    return get(subscribers::size);
  }

  /** How many were told that they are live. */
  int live() {
    return count(Subscriber::isLive);
  }

  int ended() {
    return count(Subscriber::hasEnded);
  }

  /** How many events all of them got together. */
  long delivered() {
    return get(() -> subscribers.stream().mapToLong(Subscriber::events).sum());
  }

  /** How many have got all events up to the position that is the last of their group. */
  int complete(String group, long last) {
    return count(
        subscriber ->
            subscriber.expected == groups.get(group)
                && subscriber.events() > 0
                && subscriber.expected.position(subscriber.events() - 1) == last);
  }

  /** How many have got as many events as their group. */
  boolean allEven() {
    return get(() -> subscribers.stream().allMatch(s -> s.events() == s.expected.frames()));
  }

  /** The positions of the events of a group, as they came. */
  long[] positions(String group) {
    return get(() -> groups.get(group).positions());
  }

  /** The number of different events of all groups. */
  long events() {
    return get(() -> groups.values().stream().mapToLong(Expected::frames).sum());
  }

  /** Bytes of all frames of a group. */
  long bytes(String group) {
    return get(() -> groups.get(group).size());
  }

  void startMeasuring() {
    get(
        () -> {
          deliveries.record(true);
          return true;
        });
  }

  /** See {@link Deliveries#delays}. */
  Histogram delays(LongUnaryOperator since) {
    return get(
        () -> {
          deliveries.record(false);
          return deliveries.delays(since);
        });
  }

  /**
   * Waits, looking often.
   *
   * @throws IllegalStateException if a subscriber got what it should not, or it takes too long
   */
  void await(String what, Duration atMost, java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + atMost.toNanos();
    while (!condition.getAsBoolean()) {
      get(() -> true);
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException(
            "%s: not after %s; %d of %d subscribers are live, %d have ended"
                .formatted(what, atMost, live(), size(), ended()));
      }
      Pace.pause(Duration.ofMillis(2));
    }
  }

  /** That each group got exactly the committed events. */
  void requireComplete(String group, LongStream committed) {
    long[] got = positions(group);
    long[] wanted = committed.toArray();
    if (!java.util.Arrays.equals(got, wanted)) {
      throw new IllegalStateException(
          "%s: got %d events, committed were %d".formatted(group, got.length, wanted.length));
    }
    if (!allEven()) {
      throw new IllegalStateException("a subscriber has not got what the others have");
    }
  }

  private int count(Predicate<Subscriber> condition) {
    return get(() -> (int) subscribers.stream().filter(condition).count());
  }

  private <T> T get(Supplier<T> what) {
    synchronized (lock) {
      if (failure != null) {
        throw new IllegalStateException("the subscribers failed", failure);
      }
      return what.get();
    }
  }

  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      thread.join(10_000);
      for (Subscriber subscriber : subscribers) {
        subscriber.channel.close();
      }
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
