package dev.gapless.files;

/** What is known about a write after the database failed. */
public enum Outcome {
  /** Nothing of it happened. */
  NOT_COMMITTED,
  /** The connection was lost during COMMIT: it may have happened. */
  UNKNOWN
}
