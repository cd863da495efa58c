package dev.gapless.testkit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads an event stream as the HTML standard says (9.2.6 "Interpreting an event stream"), given the
 * bytes in any portions. What was cut before its blank line is never dispatched.
 */
public final class SseParser {
  /** How frames without data are taken. */
  public enum Mode {
    /** The standard: they dispatch nothing, but their id counts. */
    STANDARD,
    /** Firefox, WebKit and npm eventsource: as if they had not been there. */
    IGNORES_FRAMES_WITHOUT_DATA
  }

  /** A dispatched event, with the last event id at that moment. */
  public record Frame(String id, String event, String data) {}

  private static final byte[] BOM = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private final Mode mode;
  private final List<Frame> frames = new ArrayList<>();
  private final List<String> comments = new ArrayList<>();
  private byte[] line = new byte[256];
  private int length;
  private boolean skipLineFeed;
  private boolean firstLine = true;
  private boolean fieldsSeen;
  private String lastEventId = "";
  private String idBuffer = "";
  private String eventBuffer = "";
  private final StringBuilder dataBuffer = new StringBuilder();
  private Optional<Long> retry = Optional.empty();

  public SseParser() {
    this(Mode.STANDARD);
  }

  public SseParser(Mode mode) {
    this.mode = mode;
  }

  /** All frames of a whole stream. */
  public static List<Frame> parse(byte[] stream) {
    SseParser parser = new SseParser();
    parser.feed(stream, 0, stream.length);
    return parser.frames();
  }

  public SseParser feed(byte[] bytes) {
    return feed(bytes, 0, bytes.length);
  }

  public SseParser feed(byte[] bytes, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      byte b = bytes[i];
      if (b == '\n' && skipLineFeed) {
        skipLineFeed = false;
        continue;
      }
      skipLineFeed = b == '\r';
      if (b == '\r' || b == '\n') {
        endLine();
      } else {
        if (length == line.length) {
          line = java.util.Arrays.copyOf(line, length * 2);
        }
        line[length++] = b;
      }
    }
    return this;
  }

  /** What was dispatched so far. */
  public List<Frame> frames() {
    return List.copyOf(frames);
  }

  /** What was dispatched since the last call. */
  public List<Frame> takeFrames() {
    List<Frame> taken = List.copyOf(frames);
    frames.clear();
    return taken;
  }

  public List<String> comments() {
    return List.copyOf(comments);
  }

  /** What a reconnect would send as Last-Event-ID; empty: no such header. */
  public String lastEventId() {
    return lastEventId;
  }

  public Optional<Long> retry() {
    return retry;
  }

  /** Whether nothing of a frame is pending. */
  public boolean isBetweenFrames() {
    return length == 0 && !fieldsSeen;
  }

  private void endLine() {
    int start = 0;
    if (firstLine && length >= 3 && line[0] == BOM[0] && line[1] == BOM[1] && line[2] == BOM[2]) {
      start = 3;
    }
    firstLine = false;
    String text = new String(line, start, length - start, StandardCharsets.UTF_8);
    length = 0;
    if (text.isEmpty()) {
      dispatch();
      return;
    }
    int colon = text.indexOf(':');
    if (colon == 0) {
      comments.add(text.substring(1));
      return;
    }
    fieldsSeen = true;
    if (colon < 0) {
      field(text, "");
    } else {
      String value = text.substring(colon + 1);
      field(text.substring(0, colon), value.startsWith(" ") ? value.substring(1) : value);
    }
  }

  private void field(String name, String value) {
    switch (name) {
      case "event" -> eventBuffer = value;
      case "data" -> dataBuffer.append(value).append('\n');
      case "id" -> {
        if (value.indexOf('\0') < 0) {
          idBuffer = value;
        }
      }
      case "retry" -> {
        if (!value.isEmpty() && value.chars().allMatch(c -> c >= '0' && c <= '9')) {
          retry = Optional.of(Long.parseLong(value));
        }
      }
      default -> {
        // the standard ignores the field
      }
    }
  }

  private void dispatch() {
    fieldsSeen = false;
    if (dataBuffer.length() == 0) {
      if (mode == Mode.STANDARD) {
        lastEventId = idBuffer;
      } else {
        idBuffer = lastEventId;
      }
      eventBuffer = "";
      return;
    }
    lastEventId = idBuffer;
    dataBuffer.setLength(dataBuffer.length() - 1);
    frames.add(
        new Frame(
            lastEventId, eventBuffer.isEmpty() ? "message" : eventBuffer, dataBuffer.toString()));
    dataBuffer.setLength(0);
    eventBuffer = "";
  }
}
