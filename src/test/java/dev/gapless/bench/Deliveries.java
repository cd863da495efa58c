package dev.gapless.bench;

import java.util.Arrays;
import java.util.function.LongUnaryOperator;
import org.HdrHistogram.Histogram;

/** When which events came, a line for each piece that a connection had for us. Not thread-safe. */
final class Deliveries {
  /** Longer delays are told as this. */
  private static final long LONGEST_MICROS = 600_000_000;

  private Expected[] of = new Expected[1024];
  private int[] first = new int[1024];
  private int[] after = new int[1024];
  private long[] at = new long[1024];
  private int count;
  private boolean recording;

  void record(boolean on) {
    recording = on;
    if (on) {
      count = 0;
    }
  }

  void add(Expected expected, int from, int to, long now) {
    if (!recording) {
      return;
    }
    if (count == at.length) {
      of = Arrays.copyOf(of, 2 * count);
      first = Arrays.copyOf(first, 2 * count);
      after = Arrays.copyOf(after, 2 * count);
      at = Arrays.copyOf(at, 2 * count);
    }
    of[count] = expected;
    first[count] = from;
    after[count] = to;
    at[count] = now;
    count++;
  }

  /**
   * Microseconds from a moment of each event to its receipt; 0 where the receipt came first.
   *
   * @param since the moment (nanoseconds) of the event at a position; 0 leaves it out
   */
  Histogram delays(LongUnaryOperator since) {
    Histogram histogram = new Histogram(LONGEST_MICROS, 3);
    for (int i = 0; i < count; i++) {
      for (int frame = first[i]; frame < after[i]; frame++) {
        long begun = since.applyAsLong(of[i].position(frame));
        if (begun != 0) {
          long micros = Math.max(0, at[i] - begun) / 1_000;
          histogram.recordValue(Math.min(micros, LONGEST_MICROS));
        }
      }
    }
    return histogram;
  }
}
