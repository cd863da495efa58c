package dev.gapless.files;

import dev.gapless.event.Cursor;

/** How a {@code PUT} ended. Only {@link Stored} changed anything. */
public sealed interface PutResult {
  /**
   * Committed, file and event.
   *
   * @param created whether there was no file of that name before
   * @param event the cursor of its event
   */
  record Stored(StoredFile file, boolean created, Cursor event) implements PutResult {}

  /** A condition of the request does not hold. */
  record ConditionFailed() implements PutResult {}

  /** The path is a folder, or one of its folders is a file. */
  record Collision() implements PutResult {}

  /** The owner's files would take more than {@code quotaBytes}. */
  record OverQuota(long quotaBytes) implements PutResult {}

  /** The body is longer than {@code maxBytes}. */
  record TooLarge(long maxBytes) implements PutResult {}

  /** The body arrives more slowly than {@code gapless.files.min-rate}. */
  record TooSlow() implements PutResult {}

  /** This node takes {@code gapless.files.max-uploads} bodies already. */
  record Busy() implements PutResult {}

  /** The body failed before it had arrived whole: the client is gone, as a rule. */
  record Incomplete() implements PutResult {}

  /** The database failed. */
  record Unavailable(Outcome outcome) implements PutResult {}
}
