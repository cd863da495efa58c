package dev.gapless.bench;

import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One connection: takes its answer apart and compares it with what is expected. */
final class Subscriber {
  private enum State {
    HEAD,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END
  }

  final SocketChannel channel;
  final String target;
  final Expected expected;
  private final Deliveries deliveries;

  private State state = State.HEAD;
  private final StringBuilder head = new StringBuilder();
  private int chunk;

  /** Up to here it has got what is expected, perhaps in the middle of a frame. */
  private int at;

  private int frame;

  /** What it has got of a frame that is not the next expected one, or has nothing to compare. */
  private byte[] partial = new byte[0];

  private int partialSize;
  private boolean live;
  private boolean ended;

  Subscriber(SocketChannel channel, String target, Expected expected, Deliveries deliveries) {
    this.channel = channel;
    this.target = target;
    this.expected = expected;
    this.deliveries = deliveries;
  }

  /** Joins those that have got all that is expected so far: it asked to begin there. */
  void beginAtEnd() {
    at = expected.size();
    frame = expected.frames();
  }

  byte[] request() {
    return ("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Whether it was told that it is live. */
  boolean isLive() {
    return live;
  }

  boolean hasEnded() {
    return ended;
  }

  void end() {
    ended = true;
  }

  /** How many events it has got. */
  int events() {
    return frame;
  }

  /** Returns whether its answer began with these bytes. */
  boolean take(byte[] bytes, int length, long now) {
    boolean unanswered = state == State.HEAD && head.length() == 0;
    int before = frame;
    for (int i = 0; i < length; ) {
      switch (state) {
        case HEAD -> i = takeHead(bytes, i, length);
        case CHUNK_SIZE -> {
          byte next = bytes[i++];
          if (next == '\n') {
            state = chunk == 0 ? State.CHUNK_END : State.CHUNK;
            ended |= chunk == 0;
          } else if (next != '\r') {
            chunk = chunk * 16 + Character.digit(next, 16);
          }
        }
        case CHUNK -> {
          int span = Math.min(chunk, length - i);
          takeBody(bytes, i, i + span);
          i += span;
          chunk -= span;
          state = chunk == 0 ? State.CHUNK_END : State.CHUNK;
        }
        case CHUNK_END -> state = bytes[i++] == '\n' ? State.CHUNK_SIZE : State.CHUNK_END;
      }
    }
    if (frame > before) {
      deliveries.add(expected, before, frame, now);
    }
    return unanswered;
  }

  private int takeHead(byte[] bytes, int from, int length) {
    int i = from;
    while (i < length && state == State.HEAD) {
      head.append((char) bytes[i++]);
      if (head.length() > 3 && head.substring(head.length() - 4).equals("\r\n\r\n")) {
        if (!head.toString().startsWith("HTTP/1.1 200")) {
          throw new IllegalStateException(target + ": " + head);
        }
        state = State.CHUNK_SIZE;
        head.setLength(0);
        head.trimToSize();
      }
    }
    return i;
  }

  private void takeBody(byte[] bytes, int from, int to) {
    int i = from;
    while (i < to) {
      if (partialSize == 0) {
        int same = expected.agreeing(at, bytes, i, to - i);
        at += same;
        i += same;
        while (frame < expected.frames() && expected.end(frame) <= at) {
          frame++;
        }
        if (i == to) {
          return;
        }
        // what is another frame, or a new one, begins at the last end of one
        int begin = frame == 0 ? 0 : expected.end(frame - 1);
        keep(expected.part(begin, at), 0, at - begin);
        at = begin;
      }
      i = takeOther(bytes, i, to);
    }
  }

  /** Until the end of the frame. */
  private int takeOther(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      boolean blank = bytes[i] == '\n' && (i > from ? bytes[i - 1] : lastKept()) == '\n';
      if (blank) {
        keep(bytes, from, i + 1 - from);
        other();
        partialSize = 0;
        return i + 1;
      }
    }
    keep(bytes, from, to - from);
    return to;
  }

  private int lastKept() {
    return partialSize == 0 ? -1 : partial[partialSize - 1];
  }

  private void keep(byte[] bytes, int from, int length) {
    if (partialSize + length > partial.length) {
      partial = Arrays.copyOf(partial, partialSize + Math.max(length, 256));
    }
    System.arraycopy(bytes, from, partial, partialSize, length);
    partialSize += length;
  }

  private void other() {
    if (!Expected.isEvent(partial, partialSize)) {
      String text = new String(partial, 0, partialSize, StandardCharsets.US_ASCII);
      live |= text.contains("event: gapless.live");
      if (text.contains("event: gapless.reset") || text.contains("event: gapless.close")) {
        throw new IllegalStateException(target + ": " + text);
      }
      return;
    }
    if (frame == expected.frames()) {
      expected.add(partial, partialSize);
    } else if (expected.agreeing(at, partial, 0, partialSize) < partialSize) {
      throw new IllegalStateException(
          "%s: instead of event %d it got%n%s"
              .formatted(
                  target,
                  expected.position(frame),
                  new String(partial, 0, partialSize, StandardCharsets.US_ASCII)));
    }
    at = expected.end(frame);
    frame++;
  }
}
