package dev.gapless;

import dev.gapless.log.LastFailure;
import java.util.Optional;

/**
 * How this node has looked after the log since its start: partitions made ahead, old keys removed.
 * Immutable.
 *
 * @param runs how often, failures included
 * @param failures runs that failed; each is followed by another try
 * @param failing whether the last run failed
 * @param lastFailure the last of them
 */
public record HousekeepingStatus(
    long runs, long failures, boolean failing, Optional<LastFailure> lastFailure) {
  static final HousekeepingStatus NONE = new HousekeepingStatus(0, 0, false, Optional.empty());

  HousekeepingStatus succeeded() {
    return new HousekeepingStatus(runs + 1, failures, false, lastFailure);
  }

  HousekeepingStatus failed(Throwable cause) {
    return new HousekeepingStatus(runs + 1, failures + 1, true, Optional.of(LastFailure.of(cause)));
  }
}
