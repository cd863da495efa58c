package dev.gapless.tail;

/**
 * One transaction of the model, as far as others can notice it. Sets of positions and of writers
 * are bits. Immutable.
 *
 * @param position drawn, its row not written yet; or 0
 * @param draws how often it has drawn
 * @param rows written; once committed, those of them that are not delivered
 * @param elected holds the election lock
 * @param notifiers in flight, for whose sake it skipped its own hint, itself included if elected
 * @param hinted a hint that covers it has been sent
 * @param hint its own
 * @param prepared by PREPARE TRANSACTION, before the server was started again
 */
record ModelWriter(
    Phase phase,
    int position,
    int draws,
    int rows,
    boolean elected,
    int notifiers,
    boolean hinted,
    Hint hint,
    boolean prepared) {

  /** How far it is, in the order in which PostgreSQL does it. */
  enum Phase {
    IDLE,
    /** Holds the lock on the sequence, as in all that follows up to its release. */
    LOCKED,
    /** Was handed out a position. */
    DRAWN,
    /** Has written the row, which nobody else sees. */
    WRITTEN,
    /** Its statement has ended with the trigger: elected, or skipped. */
    TRIED,
    PREPARED,
    /** Its rows are visible or gone, and it is no running transaction; it still has its locks. */
    ENDED,
    /** The lock on the sequence is given back, the election lock is not. */
    RELEASED,
    DONE
  }

  /** Can be received from the commit on. */
  enum Hint {
    NONE,
    UNDER_WAY,
    RECEIVED
  }

  static final ModelWriter IDLE =
      new ModelWriter(Phase.IDLE, 0, 0, 0, false, 0, false, Hint.NONE, false);

  private static final ModelWriter GONE =
      new ModelWriter(Phase.DONE, 0, 0, 0, false, 0, false, Hint.NONE, false);

  boolean isOpen() {
    return phase != Phase.IDLE && !hasEnded();
  }

  boolean hasEnded() {
    return phase == Phase.ENDED || phase == Phase.RELEASED || phase == Phase.DONE;
  }

  boolean holdsSequence() {
    return phase != Phase.IDLE && phase != Phase.RELEASED && phase != Phase.DONE;
  }

  boolean holdsElection() {
    return elected && phase != Phase.DONE;
  }

  ModelWriter in(Phase next) {
    return new ModelWriter(next, position, draws, rows, elected, notifiers, hinted, hint, prepared);
  }

  ModelWriter drew(int drawn) {
    return new ModelWriter(
        Phase.DRAWN, drawn, draws + 1, rows, elected, notifiers, hinted, hint, prepared);
  }

  ModelWriter wrote() {
    return new ModelWriter(
        Phase.WRITTEN, 0, draws, rows | 1 << position, elected, notifiers, hinted, hint, prepared);
  }

  /** Its position is never used, as with a conflict, or a call of nextval. */
  ModelWriter leftHole() {
    return new ModelWriter(
        rows == 0 ? Phase.LOCKED : Phase.WRITTEN,
        0,
        draws,
        rows,
        elected,
        notifiers,
        hinted,
        hint,
        prepared);
  }

  /** Without its rows and what its trigger did: to a savepoint, which keeps the sequence's lock. */
  ModelWriter rolledBackToSavepoint() {
    return new ModelWriter(Phase.LOCKED, 0, draws, 0, false, 0, false, hint, prepared);
  }

  ModelWriter tried(boolean electedNow, int notifiersNow, boolean hintedNow) {
    return new ModelWriter(
        Phase.TRIED, 0, draws, rows, electedNow, notifiersNow, hintedNow, hint, prepared);
  }

  ModelWriter committed() {
    Hint sent = elected ? Hint.UNDER_WAY : Hint.NONE;
    return new ModelWriter(Phase.ENDED, 0, draws, rows, elected, notifiers, hinted, sent, prepared);
  }

  ModelWriter rolledBack() {
    return new ModelWriter(Phase.ENDED, 0, draws, 0, elected, 0, false, Hint.NONE, prepared);
  }

  /** What it waited to be covered by has ended. */
  ModelWriter without(int notifier, boolean itCommitted) {
    boolean covered = (notifiers & 1 << notifier) != 0;
    return covered
        ? new ModelWriter(
            phase,
            position,
            draws,
            rows,
            elected,
            notifiers & ~(1 << notifier),
            hinted || itCommitted,
            hint,
            prepared)
        : this;
  }

  ModelWriter hintTo(Hint state) {
    return new ModelWriter(
        phase, position, draws, rows, elected, notifiers, hinted, state, prepared);
  }

  /** The server was started again: it is prepared, and has another number. */
  ModelWriter renumbered() {
    return new ModelWriter(phase, position, draws, rows, elected, notifiers, hinted, hint, true);
  }

  /** What is over and delivered makes no difference any more. */
  ModelWriter withUndelivered(int undelivered) {
    if (phase != Phase.DONE || this == GONE) {
      return this;
    }
    int left = rows & undelivered;
    if (left == 0 && hint != Hint.UNDER_WAY) {
      return GONE;
    }
    Hint hintLeft = hint == Hint.UNDER_WAY ? hint : Hint.NONE;
    return new ModelWriter(
        Phase.DONE,
        0,
        0,
        left,
        false,
        left == 0 ? 0 : notifiers,
        left != 0 && hinted,
        hintLeft,
        false);
  }

  ModelWriter withNotifiersAt(int[] places) {
    if (notifiers == 0) {
      return this;
    }
    int moved = 0;
    for (int i = 0; i < places.length; i++) {
      if ((notifiers & 1 << i) != 0) {
        moved |= 1 << places[i];
      }
    }
    return new ModelWriter(phase, position, draws, rows, elected, moved, hinted, hint, prepared);
  }

  /** All of it in 32 bits; without the others it refers to if they do not matter. */
  long code(boolean withNotifiers) {
    long code = phase.ordinal();
    code = code << 8 | rows;
    code = code << 3 | position;
    code = code << 3 | draws;
    code = code << 2 | hint.ordinal();
    code = code << 1 | (elected ? 1 : 0);
    code = code << 1 | (hinted ? 1 : 0);
    code = code << 1 | (prepared ? 1 : 0);
    return code << 4 | (withNotifiers ? notifiers : 0);
  }

  /**
   * What pg_locks shows it as: 0 if it does not hold the sequence's lock. PostgreSQL clears the
   * number of a transaction in the moment in which its rows become visible, before it gives back
   * its locks; a prepared one has another number after the server was started again.
   */
  int shownAs() {
    if (!holdsSequence()) {
      return 0;
    }
    return phase == Phase.ENDED ? 2 : prepared ? 3 : 1;
  }
}
