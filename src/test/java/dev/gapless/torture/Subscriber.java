package dev.gapless.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.SseParser;
import dev.gapless.torture.Plans.Habit;
import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Plans.SubscriberPlan;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntUnaryOperator;

/**
 * A client of an event stream on a thread of its own: it comes back with its {@code Last-Event-ID}
 * whenever the stream ends or is silent for too long, at the same node or another one, and
 * remembers all it got in the order in which it came.
 */
final class Subscriber implements AutoCloseable {
  /**
   * A control frame.
   *
   * @param before the cursor the client had when it came
   * @param after how many events had come before it
   */
  record Control(String event, String id, String data, String before, int after) {}

  /**
   * A stream that had begun, and was ended by the other side. Times are of {@code nanoTime}.
   *
   * @param how a reason that was told, or what TCP said
   */
  record End(int node, long began, long ended, String how) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(30);

  final SubscriberPlan plan;
  private final String start;
  private final IntUnaryOperator ports;
  private final Duration silence;
  private final SplittableRandom random;
  private final Thread thread;
  private final List<Control> controls = new ArrayList<>();
  private final List<String> refusals = new ArrayList<>();
  private final List<End> ends = new ArrayList<>();
  private long[] positions = new long[1_024];
  private long[] keys = new long[1_024];
  private int count;
  private int connects;
  private Duration patience;
  private long lastNanos;
  private Optional<Instant> opened = Optional.empty();
  private String lastEventId = "";
  private int node;
  private volatile Optional<RawHttp> connection = Optional.empty();
  private volatile Optional<RawHttp> left = Optional.empty();
  private volatile boolean calm;
  private volatile boolean closed;

  /**
   * @param startCursor the event to begin after, for a plan that begins at one
   * @param ports the port of a node, as its clients see it
   */
  Subscriber(SubscriberPlan plan, String startCursor, IntUnaryOperator ports, Duration silence) {
    this.plan = plan;
    this.start = startCursor;
    this.ports = ports;
    this.silence = silence;
    this.patience = silence;
    this.random = new SplittableRandom(plan.seed());
    this.node = plan.node();
    if (plan.start() == Start.CURSOR) {
      lastEventId = startCursor;
    }
    thread = new Thread(this::run, "subscriber-" + plan.number());
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Where it began: a cursor, or {@code now}. */
  String startCursor() {
    return plan.start() == Start.CURSOR ? start : plan.start() == Start.NOW ? "now" : "0";
  }

  private void run() {
    while (!closed) {
      int before = connects;
      try {
        serve();
      } catch (IOException | RuntimeException e) {
        // cut, or silent for too long: come back
      } catch (AssertionError e) {
        synchronized (this) {
          refusals.add("" + e.getMessage());
        }
      }
      connection = Optional.empty();
      // on a machine that is too slow for the usual patience it would come back for ever
      patience = connects > before ? silence : longer(patience);
      if (plan.habit() == Habit.MOVES || plan.habit() == Habit.RESTLESS) {
        node = random.nextInt(8);
      }
      LockSupport.parkNanos(random.nextLong(10_000_000, 200_000_000));
    }
  }

  private static Duration longer(Duration patience) {
    Duration twice = patience.multipliedBy(2);
    return twice.compareTo(LONGEST_PATIENCE) < 0 ? twice : LONGEST_PATIENCE;
  }

  private void serve() throws IOException {
    int window = plan.habit() == Habit.TRICKLES && !calm ? 2_048 : 0;
    try (RawHttp http =
        RawHttp.connect(ports.applyAsInt(node), window, Math.toIntExact(patience.toMillis()))) {
      connection = Optional.of(http);
      List<String> headers = new ArrayList<>(List.of("Accept: text/event-stream"));
      if (!lastEventId.isEmpty()) {
        headers.add("Last-Event-ID: " + lastEventId);
      }
      String target = plan.filter().target();
      if (plan.start() == Start.EARLIEST && !plan.filter().homeserver()) {
        target += "&after=earliest";
      }
      http.write(
          RawHttp.head("GET " + target + " HTTP/1.1", new byte[0], headers.toArray(String[]::new)));
      RawHttp.Answer head = http.readHead();
      if (head.status() != 200) {
        synchronized (this) {
          refusals.add(head.status() + " to Last-Event-ID: " + lastEventId);
        }
        return;
      }
      synchronized (this) {
        connects++;
      }
      readUntilItEnds(http.body(head));
    }
  }

  private void readUntilItEnds(InputStream body) throws IOException {
    long began = System.nanoTime();
    int before;
    synchronized (this) {
      before = controls.size();
    }
    try {
      if (read(body)) {
        ended(began, before, "closed");
      }
    } catch (SocketTimeoutException e) {
      // it is this side that gives up
      throw e;
    } catch (IOException e) {
      ended(began, before, "" + e.getMessage());
      throw e;
    }
  }

  private synchronized void ended(long began, int before, String how) {
    List<Control> told = controls.subList(before, controls.size());
    boolean open = told.stream().anyMatch(control -> control.event().equals("gapless.open"));
    if (open && !closed && !left.equals(connection)) {
      String reason =
          told.stream()
              .filter(control -> control.event().equals("gapless.close"))
              .map(Control::data)
              .findFirst()
              .orElse(how);
      ends.add(new End(node, began, System.nanoTime(), reason));
    }
  }

  /** Returns whether the other side has ended it. */
  private boolean read(InputStream body) throws IOException {
    SseParser parser = new SseParser();
    boolean fleeting = plan.habit() == Habit.FLEETING && opened.isEmpty();
    // who has opened nothing until everybody calms down would leave after each first byte for ever
    boolean trickles = !calm && (plan.habit() == Habit.TRICKLES || fleeting);
    byte[] buffer = new byte[trickles ? 1 : 16 * 1_024];
    long leaves = System.nanoTime() + stay();
    long sleeps = System.nanoTime() + random.nextLong(100_000_000, 2_000_000_000L);
    int bytes = 0;
    while (!closed) {
      int read = body.read(buffer);
      if (read < 0) {
        return true;
      }
      parser.feed(buffer, 0, read);
      bytes += read;
      List<SseParser.Frame> frames =
          trickles && buffer[0] != '\n' ? List.of() : parser.takeFrames();
      if (!frames.isEmpty()) {
        take(frames);
        if (fleeting) {
          return false;
        }
      }
      if (calm && trickles) {
        // byte by byte it may take longer than everybody has in the end
        return false;
      }
      if (calm) {
        continue;
      }
      long now = System.nanoTime();
      if (trickles && bytes % 128 == 0) {
        LockSupport.parkNanos(1_000_000);
      }
      if (plan.habit() == Habit.SLEEPS && now > sleeps) {
        LockSupport.parkNanos(random.nextLong(200_000_000, 1_500_000_000L));
        sleeps = System.nanoTime() + random.nextLong(100_000_000, 2_000_000_000L);
      }
      if (now > leaves) {
        return false;
      }
    }
    return false;
  }

  /** How long this connection is kept. It leaves as soon as something arrives after that. */
  private long stay() {
    return switch (plan.habit()) {
      case MOVES -> random.nextLong(300_000_000L, 5_000_000_000L);
      case RESTLESS -> random.nextLong(0, 400_000_000L);
      default -> Long.MAX_VALUE / 4;
    };
  }

  private synchronized void take(List<SseParser.Frame> frames) throws IOException {
    for (SseParser.Frame frame : frames) {
      if (opened.isEmpty() && frame.event().equals("gapless.open")) {
        opened = Optional.of(Instant.now());
      }
      if (frame.event().startsWith("gapless.")) {
        controls.add(new Control(frame.event(), frame.id(), frame.data(), lastEventId, count));
      } else {
        add(frame);
      }
      if (!frame.id().isEmpty()) {
        lastEventId = frame.id();
      }
    }
  }

  private void add(SseParser.Frame frame) throws IOException {
    if (count == positions.length) {
      positions = Arrays.copyOf(positions, count * 2);
      keys = Arrays.copyOf(keys, count * 2);
    }
    long position = position(frame.id());
    positions[count] = position;
    keys[count] =
        plan.filter().homeserver() ? homeserverKey(position, frame) : key(position, frame);
    count++;
    lastNanos = System.nanoTime();
  }

  private static long key(long position, SseParser.Frame frame) throws IOException {
    JsonNode event = JSON.readTree(frame.data());
    if (event.get("id").asLong() != position || !event.get("cursor").asText().equals(frame.id())) {
      throw new AssertionError("id and data disagree: " + frame);
    }
    return Row.key(
        position,
        event.get("owner").asText(),
        event.get("path").asText(),
        event.get("type").asText(),
        Instant.parse(event.get("at").asText()).toString());
  }

  private static long homeserverKey(long position, SseParser.Frame frame) {
    String url = frame.data().lines().findFirst().orElseThrow().substring("pubky://".length());
    int slash = url.indexOf('/');
    return Row.key(position, url.substring(0, slash), url.substring(slash), frame.event(), "");
  }

  static long position(String cursor) {
    int dash = cursor.indexOf('-');
    return Long.parseLong(dash < 0 ? cursor : cursor.substring(0, dash));
  }

  /** Drops the connection; it comes back at once, anywhere. */
  void leave() {
    connection.ifPresent(
        http -> {
          left = Optional.of(http);
          try {
            http.close();
          } catch (IOException e) {
            // it was gone already
          }
        });
  }

  /** From now on it only reads, as fast as it can: a small window belongs to its connection. */
  void calmDown() {
    calm = true;
    if (plan.habit() == Habit.TRICKLES) {
      leave();
    }
    LockSupport.unpark(thread);
  }

  /** What it has got so far. */
  synchronized Report report() {
    return new Report(
        plan,
        startCursor(),
        opened,
        Arrays.copyOf(positions, count),
        Arrays.copyOf(keys, count),
        List.copyOf(controls),
        List.copyOf(refusals),
        connects,
        Duration.ofNanos(System.nanoTime() - lastNanos));
  }

  /** The last position it has got; 0 before the first. */
  synchronized long lastPosition() {
    return count == 0 ? 0 : positions[count - 1];
  }

  synchronized int count() {
    return count;
  }

  /** The streams that it did not end itself. */
  synchronized List<End> ends() {
    return List.copyOf(ends);
  }

  /** How often it was answered with a stream. */
  synchronized int connects() {
    return connects;
  }

  synchronized boolean hasBegun() {
    return opened.isPresent();
  }

  @Override
  public void close() {
    closed = true;
    leave();
    LockSupport.unpark(thread);
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * All that one subscriber got. The arrays belong to the report.
   *
   * @param silent since its last event
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Report(
      SubscriberPlan plan,
      String start,
      Optional<Instant> opened,
      long[] positions,
      long[] keys,
      List<Control> controls,
      List<String> refusals,
      int connects,
      Duration silent) {}
}
