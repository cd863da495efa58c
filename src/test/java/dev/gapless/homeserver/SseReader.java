package dev.gapless.homeserver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;

/** An event stream, read by a thread of its own until it ends or is closed. */
final class SseReader implements AutoCloseable {

  /**
   * One frame as it was on the wire.
   *
   * @param nanos when it had arrived
   */
  record Frame(Optional<String> id, String event, List<String> data, String raw, long nanos) {
    static Frame parse(String raw) {
      Optional<String> id = Optional.empty();
      String event = "";
      List<String> data = new ArrayList<>();
      for (String line : raw.split("\n", -1)) {
        if (line.startsWith("id: ")) {
          id = Optional.of(line.substring(4));
        } else if (line.startsWith("event: ")) {
          event = line.substring(7);
        } else if (line.startsWith("data: ")) {
          data.add(line.substring(6));
        }
      }
      return new Frame(id, event, data, raw, System.nanoTime());
    }

    boolean isFileEvent() {
      return event.equals("PUT") || event.equals("DEL");
    }

    /** {@code PUT /pub/a}. */
    String summary() {
      return event + " " + data.get(0).substring("pubky://".length() + UserKeys.LENGTH);
    }

    long position() {
      return Long.parseLong(data.get(1).substring("cursor: ".length()));
    }
  }

  private final HttpResponse<InputStream> response;
  private final List<Frame> frames = new ArrayList<>();
  private volatile boolean ended;
  private volatile long endedNanos;
  private volatile Optional<IOException> broken = Optional.empty();

  SseReader(HttpResponse<InputStream> response) {
    this.response = response;
    Thread thread = new Thread(this::read, "sse-reader");
    thread.setDaemon(true);
    thread.start();
  }

  HttpResponse<InputStream> response() {
    return response;
  }

  List<Frame> frames() {
    synchronized (frames) {
      return List.copyOf(frames);
    }
  }

  List<Frame> events() {
    return frames().stream().filter(Frame::isFileEvent).toList();
  }

  List<String> summaries() {
    return events().stream().map(Frame::summary).toList();
  }

  /** Waits for at least so many file events. */
  List<Frame> awaitEvents(int count) {
    return awaitEvents(count, Duration.ofSeconds(10));
  }

  List<Frame> awaitEvents(int count, Duration patience) {
    await(patience).until(() -> events().size() >= count);
    return events();
  }

  Frame awaitControl(String event) {
    await(Duration.ofSeconds(10))
        .until(() -> frames().stream().anyMatch(f -> f.event.equals(event)));
    return frames().stream().filter(f -> f.event.equals(event)).findFirst().orElseThrow();
  }

  /** Waits for a clean end of the stream. */
  SseReader awaitEnd() {
    return awaitEnd(Duration.ofSeconds(20));
  }

  SseReader awaitEnd(Duration patience) {
    await(patience).until(() -> ended);
    broken.ifPresent(
        e -> {
          throw new AssertionError("the stream was cut", e);
        });
    return this;
  }

  boolean hasEnded() {
    return ended;
  }

  long endedNanos() {
    return endedNanos;
  }

  @Override
  public void close() {
    try {
      response.body().close();
    } catch (IOException alreadyGone) {
      // nothing left to close
    }
  }

  private static org.awaitility.core.ConditionFactory await(Duration patience) {
    return Awaitility.await().atMost(patience).pollInterval(Duration.ofMillis(10));
  }

  private void read() {
    ByteArrayOutputStream pending = new ByteArrayOutputStream();
    byte[] buffer = new byte[16_384];
    try (InputStream in = response.body()) {
      int last = -1;
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        for (int i = 0; i < n; i++) {
          pending.write(buffer[i]);
          if (buffer[i] == '\n' && last == '\n') {
            Frame frame = Frame.parse(pending.toString(StandardCharsets.UTF_8));
            synchronized (frames) {
              frames.add(frame);
            }
            pending.reset();
            last = -1;
          } else {
            last = buffer[i];
          }
        }
      }
    } catch (IOException e) {
      broken = Optional.of(e);
    } finally {
      endedNanos = System.nanoTime();
      ended = true;
    }
  }
}
