package dev.gapless.tail;

import java.util.List;

/**
 * Rows above what the sequence has handed out: somebody forced an explicit id. Positions below such
 * a row cannot be decided by it, so nothing above the sequence's last value is read until the
 * sequence has caught up. Not thread-safe.
 */
final class ForcedPosition {
  private final List<Decision> decisions;
  private long position;
  private long lastValue;

  /**
   * @param decisions where a new forced row is reported
   */
  ForcedPosition(List<Decision> decisions) {
    this.decisions = decisions;
  }

  boolean isHeld() {
    return position > 0;
  }

  /** The highest forced row, or 0. */
  long position() {
    return position;
  }

  /** Nothing above it may be read now. */
  long ceiling() {
    return isHeld() ? lastValue : Long.MAX_VALUE;
  }

  void hold(long row, long sequenceValue) {
    if (row > position) {
      position = row;
      decisions.add(new Decision.Forced(row, sequenceValue));
    }
    lastValue = sequenceValue;
  }

  /** Whether more may be read than before. */
  boolean advance(long sequenceValue) {
    if (!isHeld()) {
      return false;
    }
    boolean more = sequenceValue > lastValue;
    lastValue = sequenceValue;
    if (sequenceValue >= position) {
      position = 0;
    }
    return more;
  }

  void forget() {
    position = 0;
  }
}
