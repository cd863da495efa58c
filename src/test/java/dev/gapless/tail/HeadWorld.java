package dev.gapless.tail;

import dev.gapless.tail.ModelBounds.Part;
import dev.gapless.tail.ModelState.Left;

/**
 * The worlds that are explored to the end. Where the reader needs no hint, it is woken any time.
 */
enum HeadWorld {
  THREE_WRITERS(
      ModelBounds.of("3 transactions, 1 or 2 positions each, 3 in all", 3, 2, 3, Left.NOTHING)),
  SAVEPOINTS(
      ModelBounds.of(
          "2 transactions of 2 statements, savepoints", 2, 2, 4, Left.NOTHING, Part.SAVEPOINTS)),
  CRASH(
      ModelBounds.of(
          "3 transactions, in part prepared, a crash that skips a position or none",
          3,
          1,
          3,
          Left.ONE_CRASH,
          Part.PREPARED)),
  CONNECTION_LOST(
      ModelBounds.of(
          "3 transactions, in part prepared, the reader loses its connection",
          3,
          1,
          3,
          Left.ONE_RECONNECT,
          Part.PREPARED)),
  START(
      ModelBounds.of(
          "3 transactions, the reader starts among them, and starts again",
          3,
          1,
          3,
          Left.ONE_RESTART,
          Part.START,
          Part.MARKS)),
  LOG_GOES_BACK(
      ModelBounds.of(
          "3 transactions, the log loses its last commits and hands positions out again",
          3,
          1,
          3,
          Left.ONE_RESTORE,
          Part.START,
          Part.MARKS)),
  HINTS(
      ModelBounds.of(
          "3 transactions, woken by their hints only", 3, 1, 3, Left.NOTHING, Part.HINTS)),
  HINTS_AND_POLLS(
      ModelBounds.of(
          "2 transactions of 2 statements, savepoints, woken by their hints and polls",
          2,
          2,
          3,
          Left.NOTHING,
          Part.HINTS,
          Part.POLLS,
          Part.SAVEPOINTS)),
  HINTS_AND_CRASH(
      ModelBounds.of(
          "2 transactions, in part prepared, woken by their hints and polls, a crash",
          2,
          1,
          3,
          Left.ONE_CRASH,
          Part.HINTS,
          Part.POLLS,
          Part.PREPARED)),

  FOUR_WRITERS(ModelBounds.of("4 transactions", 4, 1, 4, Left.NOTHING), true),
  FOUR_WRITERS_IN_A_LOG_THAT_GOES_BACK(
      ModelBounds.of("4 transactions, the log goes back", 4, 1, 3, Left.ONE_RESTORE, Part.MARKS),
      true),
  MANY_ACCIDENTS(
      ModelBounds.of(
          "3 transactions, the reader starts among them, starts again, loses its connection",
          3,
          1,
          3,
          new Left(0, 1, 1, 0),
          Part.START,
          Part.MARKS,
          Part.PREPARED),
      true),
  MANY_STATEMENTS_AND_CRASH(
      ModelBounds.of(
          "3 transactions of 1 or 2 positions, in part prepared, 4 in all, a crash",
          3,
          2,
          4,
          Left.ONE_CRASH,
          Part.PREPARED),
      true),
  MANY_STATEMENTS_AND_HINTS(
      ModelBounds.of(
          "3 transactions of 1 or 2 positions, 3 in all, woken by their hints only, polls",
          3,
          2,
          3,
          Left.NOTHING,
          Part.HINTS,
          Part.POLLS,
          Part.SAVEPOINTS),
      true);

  private final ModelBounds bounds;
  private final boolean large;

  HeadWorld(ModelBounds bounds) {
    this(bounds, false);
  }

  HeadWorld(ModelBounds bounds, boolean large) {
    this.bounds = bounds;
    this.large = large;
  }

  ModelBounds bounds() {
    return bounds;
  }

  /** Takes a minute. */
  boolean isLarge() {
    return large;
  }
}
