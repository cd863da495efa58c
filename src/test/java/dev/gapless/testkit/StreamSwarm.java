package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * Thousands of subscribers on one thread. They look into the stream only for events whose data is
 * {@code {"sent": <number>}}: a number that grows from event to event, such as {@link
 * System#nanoTime()} of this machine, from which the delay of each delivery follows.
 *
 * <p>It is a program as well, for clients that have to be in a process of their own: {@code main}
 * opens streams, says so, and keeps them until its input ends.
 */
public final class StreamSwarm implements AutoCloseable {
  private static final byte[] MARK = "\"sent\":".getBytes(StandardCharsets.US_ASCII);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The kernel doubles it and will go no lower: a few small segments, then the window is zero. */
  private static final int TINY_BUFFER = 1;

  private final Selector selector;
  private final List<Member> members = new ArrayList<>();
  private final Thread thread;
  private final Object lock = new Object();
  private long[] delays = new long[1024];
  private int delayCount;
  private boolean measuring;
  private volatile boolean closed;

  /** One connection; how far into MARK or a number its last bytes went. */
  private static final class Member {
    private final SocketChannel channel;
    private boolean open;
    private boolean ended;
    private boolean ordered = true;
    private int events;
    private long last;
    private int matched;
    private boolean inNumber;
    private long number;

    Member(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private StreamSwarm() throws IOException {
    selector = Selector.open();
    thread = new Thread(this::run, "stream-swarm");
    thread.setDaemon(true);
  }

  /** Subscribers that read what comes; returns when all have got something. */
  public static StreamSwarm reading(InetSocketAddress server, String target, int count) {
    StreamSwarm swarm = connect(server, target, count, true);
    Awaitility.await("all streams are open").atMost(PATIENCE).until(() -> swarm.open() == count);
    return swarm;
  }

  /**
   * Subscribers that never read a byte, with receive buffers so small that their TCP windows are
   * soon zero. The server's status says when their streams are open.
   */
  public static StreamSwarm notReading(InetSocketAddress server, String target, int count) {
    return connect(server, target, count, false);
  }

  private static StreamSwarm connect(
      InetSocketAddress server, String target, int count, boolean reads) {
    try {
      StreamSwarm swarm = new StreamSwarm();
      String request =
          "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
      for (int i = 0; i < count; i++) {
        SocketChannel channel = SocketChannel.open();
        swarm.members.add(new Member(channel));
        if (!reads) {
          channel.setOption(StandardSocketOptions.SO_RCVBUF, TINY_BUFFER);
        }
        channel.connect(server);
        channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
        channel.configureBlocking(false);
        if (reads) {
          channel.register(swarm.selector, SelectionKey.OP_READ, swarm.members.get(i));
        }
      }
      swarm.thread.start();
      return swarm;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void run() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(256 * 1024);
    try {
      while (!closed) {
        selector.select();
        for (SelectionKey key : selector.selectedKeys()) {
          read((Member) key.attachment(), key, buffer);
        }
        selector.selectedKeys().clear();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read(Member member, SelectionKey key, ByteBuffer buffer) {
    int count;
    try {
      count = member.channel.read(buffer.clear());
    } catch (IOException reset) {
      count = -1;
    }
    long now = System.nanoTime();
    synchronized (lock) {
      if (count < 0) {
        member.ended = true;
        key.cancel();
        return;
      }
      member.open = true;
      for (int i = 0; i < count; i++) {
        take(member, buffer.get(i), now);
      }
    }
  }

  private void take(Member member, byte next, long now) {
    if (member.inNumber) {
      if (next >= '0' && next <= '9') {
        member.number = member.number * 10 + (next - '0');
      } else if (next != ' ') {
        member.inNumber = false;
        event(member, now);
      }
    } else if (next == MARK[member.matched]) {
      if (++member.matched == MARK.length) {
        member.matched = 0;
        member.inNumber = true;
        member.number = 0;
      }
    } else {
      member.matched = next == MARK[0] ? 1 : 0;
    }
  }

  private void event(Member member, long now) {
    member.ordered &= member.number > member.last;
    member.last = member.number;
    member.events++;
    if (measuring) {
      if (delayCount == delays.length) {
        delays = Arrays.copyOf(delays, 2 * delays.length);
      }
      delays[delayCount++] = now - member.number;
    }
  }

  public int size() {
    return members.size();
  }

  /** How many have received anything. */
  public int open() {
    return count(member -> member.open);
  }

  /** How many connections the server has ended. */
  public int ended() {
    return count(member -> member.ended);
  }

  /** How many have received exactly so many events, each later than the one before it. */
  public int complete(int events) {
    return count(member -> member.ordered && member.events == events);
  }

  /** What the one that is furthest behind has received last. */
  public long latest() {
    synchronized (lock) {
      return members.stream().mapToLong(member -> member.last).min().orElse(0);
    }
  }

  private int count(java.util.function.Predicate<Member> condition) {
    synchronized (lock) {
      return (int) members.stream().filter(condition).count();
    }
  }

  /** From now on the delay of every delivery counts. */
  public void startMeasuring() {
    synchronized (lock) {
      measuring = true;
      delayCount = 0;
    }
  }

  /** Nanoseconds from {@code sent} to the receipt, of every delivery since the start; ascending. */
  public long[] delays() {
    synchronized (lock) {
      measuring = false;
      long[] sorted = Arrays.copyOf(delays, delayCount);
      Arrays.sort(sorted);
      return sorted;
    }
  }

  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      thread.join(5_000);
      for (Member member : members) {
        member.channel.close();
      }
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Arguments: host, port, target, how many. */
  public static void main(String[] arguments) throws IOException {
    InetSocketAddress server = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    try (StreamSwarm swarm = reading(server, arguments[2], Integer.parseInt(arguments[3]))) {
      System.out.println("open " + swarm.open());
      System.in.transferTo(java.io.OutputStream.nullOutputStream());
    }
  }
}
