package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Removes what the settings no longer keep, one partition after the other, and finishes what
 * earlier runs (of any node) have begun. Blocking. Not thread-safe: one a node, which remembers
 * what it has measured.
 */
public final class RetentionRun {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Duration silence;
  private final Retention retention;
  private final RetentionFigures figures;

  private RetentionRun(RetentionSettings settings) {
    this.silence = settings.detachTimeout().plus(PATIENCE);
    this.retention = Retention.create(settings.detachTimeout());
    this.figures = new RetentionFigures(settings);
  }

  public static RetentionRun create(RetentionSettings settings) {
    return new RetentionRun(settings);
  }

  /**
   * How a run ended.
   *
   * @param end why it went no further, never {@link Outcome.Removed}
   * @param extent what is left
   */
  public record Result(Outcome end, LogExtent extent) {}

  /**
   * @param connection as for {@link Retention#removeOldest}
   * @param head what this node has decided; 0 if it does not know now: then nothing more goes
   * @param removed told of each partition as soon as it has gone
   */
  public Result run(Connection connection, Cursor head, Consumer<Outcome.Removed> removed)
      throws SQLException {
    return SilenceLimit.run(
        connection,
        silence,
        open -> {
          Outcome outcome = removeOldest(open, head);
          while (outcome instanceof Outcome.Removed one) {
            removed.accept(one);
            outcome = removeOldest(open, head);
          }
          Erasures.prune(open);
          return new Result(outcome, LogExtent.read(open));
        });
  }

  private Outcome removeOldest(Connection connection, Cursor head) throws SQLException {
    return retention.removeOldest(connection, (alone, ranges) -> figures.due(alone, ranges, head));
  }
}
