package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * An event with what all its receivers share: its cursor and its encoded frames. Thread-safe; the
 * frames are cached racily, which may encode one twice but never shows a half-made one ({@link
 * ByteString} is immutable).
 */
public final class HubEvent {
  // what an event costs beside its texts: objects, references, the cache array
  private static final int OVERHEAD_BYTES = 256;
  // of its own, and once more in the frame
  private static final int TRACEPARENT_BYTES = 192;

  private final Event event;
  private final Cursor cursor;
  private final long committedMicros;
  private final int weight;
  private final @Nullable ByteString[] frames = new @Nullable ByteString[FrameFormat.MAX_FORMATS];

  HubEvent(Event event) {
    this(event, 0);
  }

  /**
   * @param committedMicros see {@link #committedMicros()}
   */
  HubEvent(Event event, long committedMicros) {
    this.event = event;
    this.committedMicros = committedMicros;
    this.cursor = event.cursor();
    this.weight =
        OVERHEAD_BYTES
            + event.owner().length()
            + event.path().length()
            + event.data().map(String::length).orElse(0) * 2
            + (event.traceparent().isPresent() ? TRACEPARENT_BYTES : 0);
  }

  public Event event() {
    return event;
  }

  public Cursor cursor() {
    return cursor;
  }

  public long position() {
    return event.position();
  }

  /** When it was committed, in microseconds since the epoch; 0 if it is not known. */
  long committedMicros() {
    return committedMicros;
  }

  /** The frame of this event, encoded on first use. */
  public ByteString frame(FrameFormat format) {
    ByteString cached = frames[format.slot()];
    if (cached == null) {
      cached = format.encode(this);
      frames[format.slot()] = cached;
    }
    return cached;
  }

  /** About how many bytes of memory the event takes, one encoded frame included. */
  int weight() {
    return weight;
  }
}
