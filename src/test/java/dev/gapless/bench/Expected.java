package dev.gapless.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The frames of the events that a group of subscribers has to get, byte for byte and in order. The
 * subscriber that is ahead of the others extends it; the others are compared with it, which costs
 * next to nothing. Not thread-safe.
 */
final class Expected {
  private static final byte[] ID = "id: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONTROL = "event: gapless.".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes = new byte[64 << 10];
  private int size;
  private int[] ends = new int[1024];
  private long[] positions = new long[1024];
  private int frames;

  int size() {
    return size;
  }

  int frames() {
    return frames;
  }

  /** Where a frame ends. */
  int end(int frame) {
    return ends[frame];
  }

  /** The position of a frame's event. */
  long position(int frame) {
    return positions[frame];
  }

  long[] positions() {
    return Arrays.copyOf(positions, frames);
  }

  /** How many bytes agree with what is expected from {@code at} on, at most {@code length}. */
  int agreeing(int at, byte[] with, int from, int length) {
    int most = Math.min(length, size - at);
    int mismatch = Arrays.mismatch(bytes, at, at + most, with, from, from + most);
    return mismatch < 0 ? most : mismatch;
  }

  /** Copies what a subscriber has got of a frame that it has not got in full. */
  byte[] part(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  /**
   * @throws IllegalStateException if its event is not after the last one
   */
  void add(byte[] frame, int length) {
    long position = position(frame, length);
    if (frames > 0 && position <= positions[frames - 1]) {
      throw new IllegalStateException(
          "event " + position + " came after event " + positions[frames - 1]);
    }
    if (size + length > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + length));
    }
    if (frames == ends.length) {
      ends = Arrays.copyOf(ends, 2 * frames);
      positions = Arrays.copyOf(positions, 2 * frames);
    }
    System.arraycopy(frame, 0, bytes, size, length);
    size += length;
    ends[frames] = size;
    positions[frames] = position;
    frames++;
  }

  /** Whether it is the frame of an event: the others name a control event, or have no data. */
  static boolean isEvent(byte[] frame, int length) {
    boolean data = false;
    for (int line = 0; line < length; line = after(frame, line, length)) {
      if (begins(CONTROL, frame, line, length)) {
        return false;
      }
      data |= begins(DATA, frame, line, length);
    }
    return data;
  }

  private static int after(byte[] frame, int line, int length) {
    int end = line;
    while (end < length && frame[end] != '\n') {
      end++;
    }
    return end + 1;
  }

  private static boolean begins(byte[] with, byte[] frame, int line, int length) {
    return Arrays.mismatch(with, 0, with.length, frame, line, Math.min(line + with.length, length))
        < 0;
  }

  private static long position(byte[] frame, int length) {
    for (int line = 0; line < length; ) {
      int end = line;
      while (end < length && frame[end] != '\n') {
        end++;
      }
      if (Arrays.mismatch(ID, 0, ID.length, frame, line, Math.min(line + ID.length, length)) < 0) {
        long position = 0;
        for (int i = line + ID.length; i < end && frame[i] >= '0' && frame[i] <= '9'; i++) {
          position = position * 10 + (frame[i] - '0');
        }
        return position;
      }
      line = end + 1;
    }
    throw new IllegalStateException("an event without an id");
  }
}
