package dev.gapless;

import dev.gapless.log.LogExtent;
import dev.gapless.log.Retention.Outcome;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells logs and status what retention did; outlives a restart of its actor. Not thread-safe: used
 * by the actor only.
 */
final class RetentionReport {
  private static final Logger log = LoggerFactory.getLogger(RetentionReport.class);

  private final Consumer<RetentionStatus> observer;
  private RetentionStatus now;

  RetentionReport(boolean on, Consumer<RetentionStatus> observer) {
    this.observer = observer;
    this.now =
        new RetentionStatus(
            on, Optional.empty(), 0, Optional.empty(), Optional.empty(), 0, 0, Optional.empty());
  }

  void removed(Outcome.Removed one) {
    log.atInfo()
        .addKeyValue("partition", one.partition())
        .addKeyValue("mark", one.mark().map(Object::toString).orElse("none"))
        .addKeyValue("bytes", one.bytes())
        .addKeyValue("cause", one.cause())
        .log("partition_removed");
    RetentionStatus.Removal removal =
        new RetentionStatus.Removal(
            Instant.now(), one.partition(), one.bytes(), one.mark(), one.cause());
    publish(
        new RetentionStatus(
            now.on(),
            now.extent(),
            now.removed() + 1,
            Optional.of(removal),
            Optional.empty(),
            now.waits(),
            now.failures(),
            now.lastFailure()));
  }

  void ended(Outcome end, LogExtent extent) {
    // another node may be trying in vain just now
    Optional<Instant> waitingSince =
        end instanceof Outcome.Busy ? now.waitingSince() : Optional.empty();
    long waits = now.waits();
    if (end instanceof Outcome.Waiting waiting) {
      waits++;
      waitingSince = Optional.of(now.waitingSince().orElseGet(Instant::now));
      if (now.waitingSince().isEmpty()) {
        log.atWarn()
            .addKeyValue("partition", waiting.partition())
            .log("retention_waits: for transactions of others, with every run from now on");
      }
    }
    publish(
        new RetentionStatus(
            now.on(),
            Optional.of(extent),
            now.removed(),
            now.lastRemoval(),
            waitingSince,
            waits,
            now.failures(),
            now.lastFailure()));
  }

  void failed(Throwable cause) {
    String state =
        cause instanceof SQLException error && error.getSQLState() != null
            ? error.getSQLState()
            : "";
    RetentionStatus.Failure failure =
        new RetentionStatus.Failure(Instant.now(), cause.getClass().getSimpleName(), state);
    log.atWarn()
        .addKeyValue("failure", failure.type())
        .addKeyValue("state", state)
        .log("retention_failed: tried again at the next run");
    publish(
        new RetentionStatus(
            now.on(),
            now.extent(),
            now.removed(),
            now.lastRemoval(),
            now.waitingSince(),
            now.waits(),
            now.failures() + 1,
            Optional.of(failure)));
  }

  private void publish(RetentionStatus next) {
    now = next;
    observer.accept(next);
  }
}
