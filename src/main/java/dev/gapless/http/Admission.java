package dev.gapless.http;

import dev.gapless.http.AdmissionSettings.Rate;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * The limits of what is allowed: of each caller's writes over time, and of streams; and what they
 * have refused. All faces of a node share one. Thread-safe; where no limit is set nothing is looked
 * up, allocated or locked.
 */
public final class Admission {
  private final Optional<Limit> publishRequests;
  private final Optional<Limit> publishEvents;
  private final Optional<Limit> fileChanges;
  private final Optional<StreamLimits> streams;
  private final Map<Refusal, LongAdder> refused = new EnumMap<>(Refusal.class);

  /** One limit with what it has counted. */
  private record Limit(Refusal refusal, Rate rate, CallerRate callers) {
    static Optional<Limit> of(Refusal refusal, Optional<Rate> rate) {
      return rate.map(set -> new Limit(refusal, set, new CallerRate(set)));
    }
  }

  private Admission(AdmissionSettings settings) {
    this.publishRequests = Limit.of(Refusal.PUBLISH_REQUESTS, settings.publishRequests());
    this.publishEvents = Limit.of(Refusal.PUBLISH_EVENTS, settings.publishEvents());
    this.fileChanges = Limit.of(Refusal.FILE_CHANGES, settings.fileChanges());
    this.streams = StreamLimits.of(settings);
    for (Refusal reason : Refusal.values()) {
      refused.put(reason, new LongAdder());
    }
  }

  public static Admission create(AdmissionSettings settings) {
    return new Admission(settings);
  }

  /**
   * Before the body of a request to publish is read.
   *
   * @throws ProblemException 429 if the caller may not now
   */
  void publishRequest(Grant caller) {
    require(publishRequests, caller, 1);
  }

  /**
   * Before so many events are published: all of them, or none.
   *
   * @throws ProblemException 429 if the caller may not now
   */
  void publishEvents(Grant caller, int events) {
    require(publishEvents, caller, events);
  }

  /**
   * Before a file is stored (and its body read) or deleted.
   *
   * @throws ProblemException 429 if the caller may not now
   */
  public void fileChange(Grant caller) {
    require(fileChanges, caller, 1);
  }

  /** Counts what is refused elsewhere. */
  public void count(Refusal reason) {
    refused(reason).increment();
  }

  Optional<StreamLimits> streams() {
    return streams;
  }

  /** A moment's counts. */
  public AdmissionStatus status() {
    Map<Refusal, Long> counts = new EnumMap<>(Refusal.class);
    refused.forEach((reason, count) -> counts.put(reason, count.sum()));
    return new AdmissionStatus(counts);
  }

  private LongAdder refused(Refusal reason) {
    return Objects.requireNonNull(refused.get(reason));
  }

  private void require(Optional<Limit> limit, Grant caller, int count) {
    if (limit.isEmpty()) {
      return;
    }
    Optional<Duration> wait = limit.get().callers().take(caller, count);
    if (wait.isPresent()) {
      count(limit.get().refusal());
      throw tooMany(limit.get(), wait.get()).asException();
    }
  }

  private static Problem tooMany(Limit limit, Duration wait) {
    long seconds = Math.max(1, wait.plusMillis(999).toSeconds());
    return Problem.of(
            429,
            "too many "
                + what(limit.refusal())
                + ": at most "
                + limit.rate().perSecond()
                + " a second; try again in "
                + seconds
                + " s")
        .with("exceeded", limit.refusal().key())
        .with("outcome", "not-committed")
        .with(Problem.RETRY_AFTER, seconds);
  }

  private static String what(Refusal refusal) {
    return refusal.key().replace('-', ' ');
  }
}
