package dev.gapless.http;

import java.time.Duration;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * Writes into the log what was refused, one line for each reason and interval however often it was;
 * no tokens, owners or addresses. Nobody sends it anything.
 */
final class RefusalLog extends AbstractBehavior<RefusalLog.Tick> {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  enum Tick {
    INSTANCE
  }

  static Behavior<Tick> create(Admission admission) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(Tick.INSTANCE, INTERVAL);
                  return new RefusalLog(context, admission);
                }));
  }

  private final Admission admission;
  private AdmissionStatus last;

  private RefusalLog(ActorContext<Tick> context, Admission admission) {
    super(context);
    context.setLoggerName("dev.gapless.http.admission");
    this.admission = admission;
    this.last = admission.status();
  }

  @Override
  public Receive<Tick> createReceive() {
    return newReceiveBuilder().onMessage(Tick.class, tick -> onTick()).build();
  }

  private Behavior<Tick> onTick() {
    AdmissionStatus now = admission.status();
    for (Refusal reason : Refusal.values()) {
      long more = now.refused(reason) - last.refused(reason);
      if (more > 0) {
        log(reason, more);
      }
    }
    last = now;
    return this;
  }

  private void log(Refusal reason, long count) {
    var line =
        getContext()
            .getLog()
            .atWarn()
            .addKeyValue("limit", reason.key())
            .addKeyValue("count", count);
    if (reason.isOfStream()) {
      line.log("streams_refused");
    } else {
      line.log("requests_refused");
    }
  }
}
