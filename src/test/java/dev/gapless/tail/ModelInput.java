package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the decider is told: the result of a statement, or a call without one.
 *
 * @param reborn see {@link ModelState#reborn}, as far as {@code bits} are positions
 * @param lastValue of the sequence, with LOCKS
 * @param election whether the election lock is held, with LOCKS
 * @param late whether all moments waited for have passed
 */
record ModelInput(What what, int bits, int reborn, int lastValue, boolean election, boolean late) {
  enum What {
    /** {@code bits}: the marked position, or none. */
    MARK,
    RETIRED,
    /** {@code bits}: the highest position, or none. */
    HIGHEST,
    /** {@code bits}: the positions. */
    ROWS,
    /** {@code bits}: the holders of the sequence, as in {@link ModelState#look}. */
    LOCKS,
    WAKE,
    POLL,
    CONNECTION_LOST
  }

  static ModelInput of(What what, int bits, int reborn) {
    return new ModelInput(what, bits, bits & reborn, 0, false, false);
  }

  static ModelInput of(What what) {
    return of(what, 0, 0);
  }

  static ModelInput locks(int holders, boolean election, int lastValue) {
    return new ModelInput(What.LOCKS, holders, 0, lastValue, election, false);
  }

  ModelInput whenLate() {
    return new ModelInput(what, bits, reborn, lastValue, election, true);
  }

  ModelInput renumbered(int[] places) {
    return what == What.LOCKS
        ? new ModelInput(
            what, ModelSymmetry.renumbered(bits, places), reborn, lastValue, election, late)
        : this;
  }

  List<Event> rows() {
    return ModelState.positions(bits).stream()
        .map(position -> ModelState.row(position, reborn))
        .toList();
  }

  Optional<Cursor> cursor() {
    return rows().stream().findFirst().map(Event::cursor);
  }

  LockRead lockRead() {
    Set<String> holders = new TreeSet<>();
    for (int i = 0; i < ModelState.MAX_WRITERS; i++) {
      int shown = bits >> 2 * i & 3;
      if (shown > 0) {
        holders.add(i + "/" + shown);
      }
    }
    return new LockRead(holders, election, lastValue, false, false);
  }
}
