package dev.gapless.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gapless.event.Cursor;
import dev.gapless.hub.FrameFormat;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.Signal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/**
 * Turns what a subscription receives into the bytes of its stream: whole frames, one byte string
 * for each signal. Immutable and thread-safe; the only thing that differs between two encodings of
 * one signal is the jitter of a {@code retry:}.
 */
public final class SignalEncoder {
  private static final int OVERLOADED_FACTOR = 5;
  private static final int PORTION_BYTES = 256 * 1024;

  private final FrameFormat format;
  private final boolean controlEvents;
  private final Duration retry;

  private SignalEncoder(FrameFormat format, boolean controlEvents, Duration retry) {
    this.format = format;
    this.controlEvents = controlEvents;
    this.retry = retry;
  }

  /**
   * @param format of the events
   * @param controlEvents whether control signals are named events; otherwise comments, which no
   *     client sees
   * @param retry the mean of the reconnection times that are sent
   */
  public static SignalEncoder create(FrameFormat format, boolean controlEvents, Duration retry) {
    return new SignalEncoder(format, controlEvents, retry);
  }

  /**
   * The frames of one signal in portions of whole frames. One portion is the rule; large events
   * come in several, since each is copied once more on its way to the socket.
   */
  List<ByteString> portions(Signal signal) {
    if (!(signal instanceof Signal.Events events) || events.events().size() == 1) {
      return List.of(encode(signal));
    }
    List<ByteString> portions = new ArrayList<>(1);
    ByteStringBuilder frames = ByteString.createBuilder();
    for (HubEvent event : events.events()) {
      frames.append(event.frame(format));
      if (frames.length() >= PORTION_BYTES) {
        portions.add(frames.result());
        frames = ByteString.createBuilder();
      }
    }
    if (frames.nonEmpty()) {
      portions.add(frames.result());
    }
    return portions;
  }

  /** The frames of one signal. The first, {@link Signal.Open}, begins with the {@code retry:}. */
  public ByteString encode(Signal signal) {
    if (signal instanceof Signal.Events events) {
      return events(events);
    }
    if (signal instanceof Signal.Open open) {
      return text(
          retryLine(retry) + control(open.cursor(), "gapless.open", position(open.cursor())));
    }
    if (signal instanceof Signal.Live live) {
      return text(control(live.cursor(), "gapless.live", position(live.cursor())));
    }
    if (signal instanceof Signal.Heartbeat heartbeat) {
      return text(
          heartbeat.moved()
              ? control(heartbeat.cursor(), "gapless.heartbeat", Json.object())
              : ":\n\n");
    }
    if (signal instanceof Signal.Reset reset) {
      return text(control(reset.continuesAt(), EventJson.RESET, reset(reset)));
    }
    return close((Signal.Close) signal);
  }

  /**
   * All of a stream that ends before it began: when to come back, and from where if that is known.
   */
  ByteString refused(Signal.CloseReason reason, Optional<Cursor> cursor) {
    return refused(reason, Optional.empty(), cursor);
  }

  /**
   * @param mean of the time to come back after, unless a usual one is longer; empty: what is usual
   *     for the reason
   */
  ByteString refused(Signal.CloseReason reason, Optional<Duration> mean, Optional<Cursor> cursor) {
    String name = "gapless.close";
    String withoutId =
        controlEvents
            ? "event: " + name + "\ndata: {\"reason\":\"" + name(reason) + "\"}\n\n"
            : ": " + name + "\n\n";
    return text(
        mean.map(time -> retryLine(time.compareTo(retry) > 0 ? time : retry))
                .or(() -> comeBack(reason))
                .orElseGet(() -> retryLine(retry))
            + cursor.map(own -> control(own, name, reason(reason))).orElse(withoutId));
  }

  private ByteString events(Signal.Events signal) {
    if (signal.events().size() == 1) {
      return signal.events().get(0).frame(format);
    }
    ByteStringBuilder frames = ByteString.createBuilder();
    for (HubEvent event : signal.events()) {
      frames.append(event.frame(format));
    }
    return frames.result();
  }

  private ByteString close(Signal.Close close) {
    return text(
        comeBack(close.reason()).orElse("")
            + control(close.cursor(), "gapless.close", reason(close.reason())));
  }

  private Optional<String> comeBack(Signal.CloseReason reason) {
    return switch (reason) {
      case DRAIN, ERROR -> Optional.of(retryLine(retry));
      case OVERLOADED -> Optional.of(retryLine(retry.multipliedBy(OVERLOADED_FACTOR)));
      case LIMIT, END, REVOKED, EXPIRED -> Optional.empty();
    };
  }

  private String control(Cursor cursor, String name, ObjectNode data) {
    return controlEvents
        ? NativeFrames.frame(
            cursor.toString(), name, new String(Json.bytes(data), StandardCharsets.UTF_8))
        : ": " + name + "\n\n";
  }

  private static ObjectNode reason(Signal.CloseReason reason) {
    return Json.object().put("reason", name(reason));
  }

  private static ObjectNode position(Cursor cursor) {
    return Json.object().put("cursor", cursor.toString());
  }

  private static ObjectNode reset(Signal.Reset reset) {
    ObjectNode data =
        Json.object()
            .put("reason", name(reset.reason()))
            .put("requested", reset.requested().toString())
            .put("earliest", reset.earliest().toString())
            .put("head", reset.head().toString());
    reset.owner().ifPresent(owner -> data.put("owner", owner));
    return data;
  }

  // between a half and one and a half: clients of a node that went away do not come back all at
  // once
  private static String retryLine(Duration mean) {
    long millis = Math.max(1, mean.toMillis());
    long jittered = millis / 2 + ThreadLocalRandom.current().nextLong(millis + 1);
    return "retry: " + jittered + "\n";
  }

  static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static ByteString text(String frames) {
    return ByteString.fromString(frames);
  }
}
