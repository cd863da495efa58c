package dev.gapless.testkit;

import dev.gapless.testkit.SseParser.Frame;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Reads one event stream on a raw connection. Not thread-safe; reads time out after 20 s. */
public final class SseClient implements AutoCloseable {
  private final RawHttp http;
  private final RawHttp.Answer head;
  private final InputStream body;
  private final SseParser parser = new SseParser();
  private final Deque<Frame> ready = new ArrayDeque<>();
  private final byte[] buffer = new byte[64 * 1024];

  private SseClient(RawHttp http, RawHttp.Answer head) {
    this.http = http;
    this.head = head;
    this.body = http.body(head);
  }

  /** Sends the request and reads the head of the answer. */
  public static SseClient open(int port, String target, String... headers) throws IOException {
    RawHttp http = RawHttp.connect(port);
    List<String> all = new ArrayList<>(List.of(headers));
    if (all.stream().noneMatch(line -> line.startsWith("Accept:"))) {
      all.add("Accept: text/event-stream");
    }
    http.write(
        RawHttp.head("GET " + target + " HTTP/1.1", new byte[0], all.toArray(String[]::new)));
    return new SseClient(http, http.readHead());
  }

  public RawHttp.Answer head() {
    return head;
  }

  /** The next frame, or empty at the end of the stream. */
  public Optional<Frame> next() throws IOException {
    while (ready.isEmpty()) {
      int count = body.read(buffer);
      if (count < 0) {
        return Optional.empty();
      }
      parser.feed(buffer, 0, count);
      ready.addAll(parser.takeFrames());
    }
    return Optional.of(ready.poll());
  }

  /** The next frame that is an event, not control. */
  public Frame nextEvent() throws IOException {
    while (true) {
      Frame frame = next().orElseThrow(() -> new IOException("the stream ended"));
      if (!frame.event().startsWith("gapless.")) {
        return frame;
      }
    }
  }

  /** Reads until a frame of this name. */
  public Frame await(String event) throws IOException {
    while (true) {
      Frame frame = next().orElseThrow(() -> new IOException("the stream ended"));
      if (frame.event().equals(event)) {
        return frame;
      }
    }
  }

  /** Everything up to the end of the stream. */
  public List<Frame> rest() throws IOException {
    List<Frame> frames = new ArrayList<>();
    Optional<Frame> frame = next();
    while (frame.isPresent()) {
      frames.add(frame.get());
      frame = next();
    }
    return frames;
  }

  /** What a reconnect would send. */
  public String lastEventId() {
    return parser.lastEventId();
  }

  public Optional<Long> retry() {
    return parser.retry();
  }

  /** The rest of the body as text, for answers that are no streams. */
  public String text() throws IOException {
    return new String(body.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    http.close();
  }
}
