package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Cause;
import java.time.Instant;
import java.util.Optional;

/**
 * Whether the oldest partition has to go, by figures alone. Partitions go whole or not at all, from
 * the oldest on.
 *
 * <p>Age and count promise something to clients, so a partition stays as long as a single event of
 * it is within them. Size protects a disk, so there the oldest goes as soon as the log is larger.
 */
final class RetentionPolicy {
  private RetentionPolicy() {}

  /**
   * What the decision is made of.
   *
   * @param partitions attached ones, those that stand ready included
   * @param end the first position beyond the oldest
   * @param head decided, and verified on the connection that removes
   * @param highest the highest event of the oldest partition, if it holds any
   * @param retired the highest event removed so far, or 0
   * @param bytes what all partitions take; not used if size is no limit
   * @param eventsAfter events beyond the oldest partition up to the head, or fewer once they are as
   *     many as have to stay; not used if count is no limit
   * @param newest when the newest event of the oldest partition was written, or any of its events
   *     that is young enough to stay; not used if age is no limit
   * @param databaseTime now, by the clock that wrote the events
   * @param nodeTime now, by the clock of this node
   */
  record Figures(
      int partitions,
      long end,
      Cursor head,
      Optional<Cursor> highest,
      Cursor retired,
      long bytes,
      long eventsAfter,
      Optional<Instant> newest,
      Instant databaseTime,
      Instant nodeTime) {}

  /**
   * Whether the oldest partition may go at all: never the last one, never the one that holds the
   * head (so never one that is written, nor one with a position that is not decided).
   */
  static boolean mayGo(int partitions, long end, Cursor head) {
    return partitions > 1 && end <= head.position();
  }

  /** Why the oldest partition goes, if it does. */
  static Optional<Cause> due(RetentionSettings settings, Figures figures) {
    if (!mayGo(figures.partitions(), figures.end(), figures.head())) {
      return Optional.empty();
    }
    boolean gone =
        figures
            .highest()
            .filter(event -> event.position() <= figures.retired().position())
            .isPresent();
    if (gone) {
      // readers were told already
      return Optional.of(Cause.UNFINISHED);
    }
    if (settings.isOff()) {
      return Optional.empty();
    }
    if (figures.highest().isEmpty()) {
      return Optional.of(Cause.EMPTY);
    }
    if (settings.maxBytes().isPresent() && figures.bytes() > settings.maxBytes().getAsLong()) {
      return Optional.of(Cause.BYTES);
    }
    if (settings.maxEvents().isPresent()
        && figures.eventsAfter() >= settings.maxEvents().getAsLong()) {
      return Optional.of(Cause.EVENTS);
    }
    Optional<Instant> youngest = youngestToGo(settings, figures.databaseTime(), figures.nodeTime());
    boolean tooOld =
        youngest.isPresent() && figures.newest().filter(youngest.get()::isAfter).isPresent();
    return tooOld ? Optional.of(Cause.AGE) : Optional.empty();
  }

  /**
   * Events of this moment and later stay. By the clock that is behind: one that has jumped ahead
   * must not empty the log.
   */
  static Optional<Instant> youngestToGo(
      RetentionSettings settings, Instant databaseTime, Instant nodeTime) {
    Instant now = databaseTime.isBefore(nodeTime) ? databaseTime : nodeTime;
    return settings.maxAge().map(now::minus);
  }
}
