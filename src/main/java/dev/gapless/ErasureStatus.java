package dev.gapless;

import java.time.Instant;
import java.util.Optional;

/**
 * Erasures of owners, as this node last saw them. Counts are since the start of the node; other
 * nodes remove events as well. Immutable.
 *
 * @param pending erasures that are asked for and not done
 * @param done erasures this node has ended
 * @param events events removed by these
 * @param lastDoneAt when the last of them was done
 * @param failures runs that failed
 */
public record ErasureStatus(
    int pending, long done, long events, Optional<Instant> lastDoneAt, long failures) {
  static final ErasureStatus NONE = new ErasureStatus(0, 0, 0, Optional.empty(), 0);

  ErasureStatus withPending(int now) {
    return new ErasureStatus(now, done, events, lastDoneAt, failures);
  }

  ErasureStatus withDone(long removed) {
    return new ErasureStatus(
        pending, done + 1, events + removed, Optional.of(Instant.now()), failures);
  }

  ErasureStatus withFailure() {
    return new ErasureStatus(pending, done, events, lastDoneAt, failures + 1);
  }
}
