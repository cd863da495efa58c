package dev.gapless.dashboard;

import dev.gapless.NodeStatus;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * The samples of the last minutes. {@link #delivered} may be called from any thread; the rest from
 * one.
 */
final class History {
  static final Duration KEPT = Duration.ofMinutes(15);
  static final Duration EVERY = Duration.ofSeconds(5);

  private static final long LONGEST_MICROS = TimeUnit.HOURS.toMicros(1);

  private final Recorder ages = new Recorder(LONGEST_MICROS, 2);
  private final Deque<Sample> samples = new ArrayDeque<>();
  private final Recorder agesSinceCommit = new Recorder(LONGEST_MICROS, 2);
  private @Nullable Histogram interval;
  private @Nullable Histogram intervalSinceCommit;
  // it is or it is not for as long as PostgreSQL runs
  private boolean sinceCommit;
  private Optional<Counts> last = Optional.empty();

  private record Counts(Instant at, long events, long deliveries) {}

  /** Some events were given to a live subscriber, the oldest of them of this age. */
  void delivered(long nanos) {
    record(ages, nanos);
  }

  /** As {@link #delivered}, the age counted from the commit. */
  void deliveredSinceCommit(long nanos) {
    record(agesSinceCommit, nanos);
  }

  private static void record(Recorder recorder, long nanos) {
    recorder.recordValue(Math.min(TimeUnit.NANOSECONDS.toMicros(nanos), LONGEST_MICROS));
  }

  /** To be called each {@link #EVERY}. */
  void look(NodeStatus status, Instant now) {
    Counts counts =
        new Counts(
            now, status.tail().map(TailStatus::delivered).orElse(0L), status.hub().delivered());
    Histogram since = ages.getIntervalHistogram(interval);
    interval = since;
    Histogram committed = agesSinceCommit.getIntervalHistogram(intervalSinceCommit);
    intervalSinceCommit = committed;
    if (since.getTotalCount() > 0) {
      sinceCommit = committed.getTotalCount() > 0;
    }
    Histogram shown = sinceCommit ? committed : since;
    last.ifPresent(before -> samples.addLast(sample(before, counts, shown, status)));
    last = Optional.of(counts);
    Instant oldest = now.minus(KEPT);
    while (!samples.isEmpty() && samples.getFirst().at() < oldest.getEpochSecond()) {
      samples.removeFirst();
    }
  }

  private Sample sample(Counts before, Counts now, Histogram shown, NodeStatus status) {
    double seconds = Math.max(1, Duration.between(before.at(), now.at()).toMillis()) / 1e3;
    return new Sample(
        now.at().getEpochSecond(),
        (now.events() - before.events()) / seconds,
        (now.deliveries() - before.deliveries()) / seconds,
        millis(shown, 50),
        millis(shown, 99),
        sinceCommit,
        status.tail().map(TailStatus::lag).orElse(0L),
        status.hub().live() + status.hub().catchingUp(),
        status.listener().filter(l -> l.state() == ListenerStatus.State.LISTENING).isPresent());
  }

  private static double millis(Histogram micros, double percentile) {
    return micros.getTotalCount() == 0 ? 0 : micros.getValueAtPercentile(percentile) / 1e3;
  }

  /** The oldest first. */
  List<Sample> samples() {
    return List.copyOf(samples);
  }
}
