package dev.gapless.event;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * A place in the log: the position of an event the holder has seen, with that event's fingerprint,
 * or {@link #EARLIEST} (position 0: before everything that is retained). A cursor without a
 * fingerprint (bare) continues at its position but cannot be verified. Immutable and thread-safe.
 *
 * @param position 0 … 2^63−1
 * @param fingerprint 25 bits, or {@link #BARE}
 */
public record Cursor(long position, int fingerprint) implements Comparable<Cursor> {
  /** In place of a fingerprint: the cursor was given without one. */
  public static final int BARE = -1;

  public static final Cursor EARLIEST = new Cursor(0, BARE);

  private static final int MAX_DIGITS = 19;

  public Cursor {
    if (position < 0) {
      throw new IllegalArgumentException("position must not be negative");
    }
  }

  public static Cursor bare(long position) {
    return new Cursor(position, BARE);
  }

  /** Parses {@code <position>} or {@code <position>-<fingerprint>}; empty for anything else. */
  public static Optional<Cursor> parse(String text) {
    int dash = text.indexOf('-');
    String digits = dash < 0 ? text : text.substring(0, dash);
    if (digits.isEmpty() || digits.length() > MAX_DIGITS) {
      return Optional.empty();
    }
    for (int i = 0; i < digits.length(); i++) {
      if (!Chars.isDigit(digits.charAt(i))) {
        return Optional.empty();
      }
    }
    long position;
    try {
      position = Long.parseLong(digits);
    } catch (NumberFormatException above2to63) {
      return Optional.empty();
    }
    if (dash < 0) {
      return Optional.of(bare(position));
    }
    OptionalInt fingerprint = Fingerprint.decode(text.substring(dash + 1));
    if (fingerprint.isEmpty() || position == 0) {
      return Optional.empty();
    }
    return Optional.of(new Cursor(position, fingerprint.getAsInt()));
  }

  public boolean isBare() {
    return fingerprint == BARE;
  }

  public boolean isEarliest() {
    return position == 0;
  }

  /**
   * Orders by position alone: two cursors of one position name one place, whether verified or not.
   */
  @Override
  public int compareTo(Cursor other) {
    return Long.compare(position, other.position);
  }

  /** The form sent on the wire; {@link #parse} reads it back. */
  @Override
  public String toString() {
    return isBare() ? Long.toString(position) : position + "-" + Fingerprint.encode(fingerprint);
  }
}
