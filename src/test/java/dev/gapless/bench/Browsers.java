package dev.gapless.bench;

import dev.gapless.testkit.SseParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.IntSupplier;

/**
 * Thousands of subscribers that do what {@code EventSource} does: when a stream ends, whatever ends
 * it, they come back after the time that the server has told them, with the last id they have got,
 * to whatever node the balancer in front sends them. All on one thread.
 */
final class Browsers implements AutoCloseable {
  private static final long FIRST_RETRY_MILLIS = 3_000;
  private static final int BUFFER = 64 << 10;

  private final Selector selector;
  private final Thread thread;
  private final Object lock = new Object();
  private final String target;
  private final IntSupplier balancer;
  private final List<Browser> browsers = new ArrayList<>();
  private final PriorityQueue<Browser> resting =
      new PriorityQueue<>(Comparator.comparingLong(browser -> browser.due));
  private final Queue<Long> reconnects = new ArrayDeque<>();
  private Throwable failure;
  private volatile boolean closed;

  /** One of them. */
  private static final class Browser {
    private SocketChannel channel;
    private SseParser parser = new SseParser();
    private StringBuilder head = new StringBuilder();
    private String lastEventId = "";
    private long retry = FIRST_RETRY_MILLIS;
    private long due;
    private boolean first = true;
    private boolean live;
    private long[] positions = new long[64];
    private int count;

    void got(long position) {
      if (count == positions.length) {
        positions = Arrays.copyOf(positions, 2 * count);
      }
      positions[count++] = position;
    }
  }

  /**
   * @param balancer the port of the node that a new connection is sent to
   */
  Browsers(int count, String target, IntSupplier balancer) {
    this.target = target;
    this.balancer = balancer;
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (int i = 0; i < count; i++) {
      Browser browser = new Browser();
      browsers.add(browser);
      resting.add(browser);
    }
    thread = new Thread(this::run, "browsers");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    try {
      while (!closed) {
        long pause;
        synchronized (lock) {
          pause = connectThoseDue();
        }
        selector.select(key -> ready(key, buffer), pause);
      }
    } catch (IOException | RuntimeException | Error e) {
      synchronized (lock) {
        failure = e;
      }
    }
  }

  /** Milliseconds until the next one is due. */
  private long connectThoseDue() throws IOException {
    long now = System.nanoTime();
    while (!resting.isEmpty() && resting.peek().due - now <= 0) {
      Browser browser = resting.remove();
      if (!browser.first) {
        reconnects.add(now);
      }
      browser.head = new StringBuilder();
      browser.parser = new SseParser();
      browser.channel = SocketChannel.open();
      browser.channel.configureBlocking(false);
      browser.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      try {
        boolean done =
            browser.channel.connect(new InetSocketAddress("127.0.0.1", balancer.getAsInt()));
        SelectionKey key = browser.channel.register(selector, SelectionKey.OP_CONNECT, browser);
        if (done) {
          connected(browser, key);
        }
      } catch (IOException refused) {
        comeBack(browser);
      }
    }
    return resting.isEmpty() ? 100 : Math.max(1, (resting.peek().due - now) / 1_000_000);
  }

  private void connected(Browser browser, SelectionKey key) throws IOException {
    String resume =
        browser.lastEventId.isEmpty() ? "" : "Last-Event-ID: " + browser.lastEventId + "\r\n";
    browser.channel.write(
        ByteBuffer.wrap(
            ("GET "
                    + target
                    + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                    + resume
                    + "\r\n")
                .getBytes(StandardCharsets.US_ASCII)));
    key.interestOps(SelectionKey.OP_READ);
  }

  private void ready(SelectionKey key, ByteBuffer buffer) {
    Browser browser = (Browser) key.attachment();
    synchronized (lock) {
      try {
        if (key.isConnectable()) {
          browser.channel.finishConnect();
          connected(browser, key);
          return;
        }
        int read = browser.channel.read(buffer.clear());
        if (read < 0) {
          comeBack(browser);
          return;
        }
        byte[] bytes = new byte[read];
        buffer.flip().get(bytes);
        take(browser, bytes);
      } catch (IOException cut) {
        comeBack(browser);
      }
    }
  }

  private void take(Browser browser, byte[] bytes) {
    // the sizes of chunks stand on lines of their own, without a colon, and are no field of SSE
    int from = 0;
    while (browser.head != null && from < bytes.length) {
      browser.head.append((char) bytes[from++]);
      int length = browser.head.length();
      if (length > 3 && browser.head.substring(length - 4).equals("\r\n\r\n")) {
        if (!browser.head.toString().startsWith("HTTP/1.1 200")) {
          throw new IllegalStateException("EventSource would give up: " + browser.head);
        }
        browser.head = null;
      }
    }
    browser.parser.feed(bytes, from, bytes.length - from);
    browser.parser.retry().ifPresent(retry -> browser.retry = retry);
    boolean over = false;
    for (SseParser.Frame frame : browser.parser.takeFrames()) {
      browser.lastEventId = frame.id();
      switch (frame.event()) {
        case "gapless.live" -> {
          browser.first = false;
          browser.live = true;
        }
        case "gapless.reset" -> throw new IllegalStateException("reset: " + frame.data());
        case "gapless.close" -> over = true;
        default -> {
          if (!frame.event().startsWith("gapless.")) {
            browser.got(Long.parseLong(frame.id().substring(0, frame.id().indexOf('-'))));
          }
        }
      }
    }
    if (over) {
      comeBack(browser);
    }
  }

  private void comeBack(Browser browser) {
    try {
      browser.channel.close();
    } catch (IOException e) {
      // it is gone
    }
    browser.live = false;
    browser.due = System.nanoTime() + browser.retry * 1_000_000;
    resting.add(browser);
  }

  int live() {
    synchronized (lock) {
      check();
      return (int) browsers.stream().filter(browser -> browser.live).count();
    }
  }

  /** How many have got exactly these events, in order. */
  int complete(long[] committed) {
    synchronized (lock) {
      check();
      return (int)
          browsers.stream()
              .filter(
                  browser ->
                      Arrays.equals(
                          browser.positions, 0, browser.count, committed, 0, committed.length))
              .count();
    }
  }

  /** When each of those that had been live tried to come back. */
  List<Long> reconnects() {
    synchronized (lock) {
      check();
      return List.copyOf(reconnects);
    }
  }

  private void check() {
    if (failure != null) {
      throw new IllegalStateException("the browsers failed", failure);
    }
  }

  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      thread.join(10_000);
      for (Browser browser : browsers) {
        browser.channel.close();
      }
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
