package dev.gapless.files;

import dev.gapless.event.Cursor;

/** How a {@code DELETE} ended. Only {@link Deleted} changed anything. */
public sealed interface DeleteResult {
  /**
   * Committed, removal and event.
   *
   * @param event the cursor of its event
   */
  record Deleted(Cursor event) implements DeleteResult {}

  /** There is no such file; no event was appended. */
  record Absent() implements DeleteResult {}

  /** A condition of the request does not hold. */
  record ConditionFailed() implements DeleteResult {}

  /** The database failed. */
  record Unavailable(Outcome outcome) implements DeleteResult {}
}
