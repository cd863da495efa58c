package dev.gapless.tail;

/**
 * The statement the decider wants next.
 *
 * @param notBefore on the clock of the times given to the decider
 */
record NextRead(Kind kind, long notBefore) {
  enum Kind {
    /** The stored decided mark. */
    MARK,
    /** The retired mark, and whether the row at the head was erased. */
    RETIRED,
    /** The highest visible row. */
    HIGHEST,
    /** The holders of the locks, and where the sequence stands. */
    LOCKS,
    /** The visible rows from the head on. */
    ROWS,
    /** Nothing, until a wake or a poll. */
    REST
  }
}
