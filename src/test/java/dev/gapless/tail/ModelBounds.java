package dev.gapless.tail;

import dev.gapless.tail.ModelState.Left;
import java.util.EnumSet;
import java.util.Set;

/**
 * How much of the world an exploration contains.
 *
 * @param name what it is about
 * @param writers how many transactions
 * @param draws how many positions each of them draws at most
 * @param positions how many are drawn in all
 * @param left how often what may go wrong
 */
record ModelBounds(String name, int writers, int draws, int positions, Set<Part> parts, Left left) {

  /** What may be in it or not. */
  enum Part {
    /**
     * Writers try for the election and notify, and nothing else wakes the reader. Without it the
     * reader is woken at any time.
     */
    HINTS,
    /** The reader also looks without a hint. */
    POLLS,
    /** Transactions roll back to savepoints. */
    SAVEPOINTS,
    /** Transactions that were not elected are prepared. */
    PREPARED,
    /** The reader begins while there are writers, and not at rest on the empty log. */
    START,
    /** The reader stores the decided mark. */
    MARKS
  }

  ModelBounds {
    parts = Set.copyOf(parts);
  }

  static ModelBounds of(
      String name, int writers, int draws, int positions, Left left, Part... parts) {
    Set<Part> all = EnumSet.noneOf(Part.class);
    all.addAll(Set.of(parts));
    return new ModelBounds(name, writers, draws, positions, all, left);
  }

  boolean has(Part part) {
    return parts.contains(part);
  }
}
