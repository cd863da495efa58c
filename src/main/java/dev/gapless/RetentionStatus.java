package dev.gapless;

import dev.gapless.event.Cursor;
import dev.gapless.log.LogExtent;
import dev.gapless.log.Retention.Cause;
import java.time.Instant;
import java.util.Optional;

/**
 * What retention does on this node. Counts are since the start of the node; other nodes remove
 * partitions as well. Immutable.
 *
 * @param on whether anything is ever removed
 * @param extent size and age of the log after the last run; empty before the first
 * @param removed partitions removed
 * @param lastRemoval the last of them
 * @param waitingSince since when a removal has not got through, because of transactions of others
 * @param waits attempts that were given up for that reason
 * @param failures runs that failed
 * @param lastFailure the last of them
 */
public record RetentionStatus(
    boolean on,
    Optional<LogExtent> extent,
    long removed,
    Optional<Removal> lastRemoval,
    Optional<Instant> waitingSince,
    long waits,
    long failures,
    Optional<Failure> lastFailure) {

  /**
   * A partition that was removed.
   *
   * @param mark the highest event removed so far
   */
  public record Removal(
      Instant at, String partition, long bytes, Optional<Cursor> mark, Cause cause) {}

  /**
   * A run that failed.
   *
   * @param type the class of the exception
   * @param state its SQLSTATE, or empty
   */
  public record Failure(Instant at, String type, String state) {}
}
