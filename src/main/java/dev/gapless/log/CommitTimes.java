package dev.gapless.log;

import java.util.Arrays;

/**
 * When the transactions of some rows committed, by the database's clock, as far as it is known.
 * Immutable.
 */
public final class CommitTimes {
  /** Of no row. */
  public static final CommitTimes UNKNOWN = new CommitTimes(new long[0], new long[0]);

  private final long[] positions;
  private final long[] micros;

  private CommitTimes(long[] positions, long[] micros) {
    this.positions = positions;
    this.micros = micros;
  }

  /** Microseconds since the epoch; 0 if it is not known. */
  public long micros(long position) {
    int at = Arrays.binarySearch(positions, position);
    return at < 0 ? 0 : micros[at];
  }

  /** Takes rows in the order of their positions. */
  static final class Builder {
    private long[] positions = new long[16];
    private long[] micros = new long[16];
    private int size;

    void add(long position, long microsSinceEpoch) {
      if (size == positions.length) {
        positions = Arrays.copyOf(positions, 2 * size);
        micros = Arrays.copyOf(micros, 2 * size);
      }
      positions[size] = position;
      micros[size] = microsSinceEpoch;
      size++;
    }

    CommitTimes build() {
      return size == 0
          ? UNKNOWN
          : new CommitTimes(Arrays.copyOf(positions, size), Arrays.copyOf(micros, size));
    }
  }
}
