package dev.gapless.bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frames of the events that a group of subscribers has to get, byte for byte and in order. The
 * subscriber that is ahead of the others extends it; the others are compared with it, which costs
 * next to nothing. Not thread-safe.
 */
final class Expected {
  private static final byte[] ID = "id: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONTROL = "event: gapless.".getBytes(StandardCharsets.US_ASCII);

  // a single array that grows would be copied over and over, a quarter of a gigabyte at last, and
  // the node would wait for that
  private static final int SEGMENT_BITS = 20;
  private static final int SEGMENT = 1 << SEGMENT_BITS;

  // there are ten thousand groups where each subscriber has an owner of its own
  private static final int FIRST = 4096;

  private final List<byte[]> segments = new ArrayList<>();
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
    int agreed = 0;
    while (agreed < most) {
      int begin = within(at + agreed);
      int span = Math.min(most - agreed, SEGMENT - begin);
      int mismatch =
          Arrays.mismatch(
              segment(at + agreed), begin, begin + span, with, from + agreed, from + agreed + span);
      if (mismatch >= 0) {
        return agreed + mismatch;
      }
      agreed += span;
    }
    return most;
  }

  /** Copies what a subscriber has got of a frame that it has not got in full. */
  byte[] part(int from, int to) {
    byte[] part = new byte[to - from];
    for (int copied = 0; copied < part.length; ) {
      int begin = within(from + copied);
      int span = Math.min(part.length - copied, SEGMENT - begin);
      System.arraycopy(segment(from + copied), begin, part, copied, span);
      copied += span;
    }
    return part;
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
    if (frames == ends.length) {
      ends = Arrays.copyOf(ends, 2 * frames);
      positions = Arrays.copyOf(positions, 2 * frames);
    }
    for (int copied = 0; copied < length; ) {
      int begin = within(size);
      if (begin == 0) {
        segments.add(new byte[size == 0 ? FIRST : SEGMENT]);
      }
      int span = Math.min(length - copied, SEGMENT - begin);
      growFirst(begin + span);
      System.arraycopy(frame, copied, segment(size), begin, span);
      copied += span;
      size += span;
    }
    ends[frames] = size;
    positions[frames] = position;
    frames++;
  }

  private void growFirst(int needed) {
    byte[] first = segments.get(0);
    if (segments.size() == 1 && needed > first.length) {
      segments.set(0, Arrays.copyOf(first, Math.min(SEGMENT, Math.max(needed, 2 * first.length))));
    }
  }

  private byte[] segment(int at) {
    return segments.get(at >> SEGMENT_BITS);
  }

  private static int within(int at) {
    return at & (SEGMENT - 1);
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
