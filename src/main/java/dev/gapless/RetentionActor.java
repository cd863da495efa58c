package dev.gapless;

import dev.gapless.event.Cursor;
import dev.gapless.log.Retention.Outcome;
import dev.gapless.log.RetentionRun;
import dev.gapless.log.RetentionSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.PreRestart;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Has old partitions removed, run after run. A run may wait for the transactions of others, so it
 * has a thread and a connection of its own: whatever it waits for, partitions are added as before.
 * All nodes do this; at any moment one of them works.
 */
final class RetentionActor extends AbstractBehavior<RetentionActor.Command> {

  /** Nothing can be told to it: it works from its start to its stop. */
  sealed interface Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  private record Removed(Outcome.Removed partition) implements Command {}

  private record Ended(RetentionRun.Result result) implements Command {}

  private record Failed(Throwable cause) implements Command {}

  private static final Duration RESTART_MIN = Duration.ofSeconds(1);
  private static final Duration RESTART_MAX = Duration.ofMinutes(1);
  private static final double RANDOM_FACTOR = 0.2;

  // soon, so that the size of the log is known; a node that has just started has more to do
  private static final Duration FIRST = Duration.ofSeconds(5);

  private final TimerScheduler<Command> timers;
  private final DataSource direct;
  private final RetentionSettings settings;
  private final Supplier<Cursor> head;
  private final RetentionReport report;
  private final RetentionRun run;
  private final Executor blocking;

  private volatile @Nullable Connection running;

  /**
   * @param head what this node has decided, or 0 while it does not know
   * @param observer called with each change; must return at once
   */
  static Behavior<Command> create(
      DataSource direct,
      RetentionSettings settings,
      Supplier<Cursor> head,
      Consumer<RetentionStatus> observer) {
    RetentionReport report = new RetentionReport(!settings.isOff(), observer);
    Behavior<Command> retention =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> new RetentionActor(context, timers, direct, settings, head, report)));
    return Behaviors.supervise(retention)
        .onFailure(
            Exception.class,
            SupervisorStrategy.restartWithBackoff(RESTART_MIN, RESTART_MAX, RANDOM_FACTOR));
  }

  private RetentionActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      DataSource direct,
      RetentionSettings settings,
      Supplier<Cursor> head,
      RetentionReport report) {
    super(context);
    context.setLoggerName(RetentionActor.class);
    this.timers = timers;
    this.direct = direct;
    this.settings = settings;
    this.head = head;
    this.report = report;
    this.run = RetentionRun.create(settings);
    this.blocking =
        context
            .getSystem()
            .dispatchers()
            .lookup(DispatcherSelector.fromConfig(RetentionSettings.DISPATCHER));
    timers.startSingleTimer(Tick.INSTANCE, shorter(FIRST, settings.interval()));
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Tick.class, this::onTick)
        .onMessage(Removed.class, this::onRemoved)
        .onMessage(Ended.class, this::onEnded)
        .onMessage(Failed.class, this::onFailed)
        .onSignal(PreRestart.class, signal -> onGone())
        .onSignal(PostStop.class, signal -> onGone())
        .build();
  }

  private void pause() {
    timers.startSingleTimer(Tick.INSTANCE, settings.interval());
  }

  private Behavior<Command> onTick(Tick tick) {
    ActorRef<Command> self = getContext().getSelf();
    Consumer<Outcome.Removed> removed = partition -> self.tell(new Removed(partition));
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(() -> runOnce(removed), blocking),
            (result, failure) -> failure == null ? new Ended(result) : new Failed(failure));
    return this;
  }

  private RetentionRun.Result runOnce(Consumer<Outcome.Removed> removed) {
    try (Connection connection = direct.getConnection()) {
      running = connection;
      return run.run(connection, head.get(), removed);
    } catch (SQLException e) {
      throw new CompletionException(e);
    } finally {
      running = null;
    }
  }

  private Behavior<Command> onRemoved(Removed removed) {
    report.removed(removed.partition());
    return this;
  }

  private Behavior<Command> onEnded(Ended ended) {
    report.ended(ended.result().end(), ended.result().extent());
    pause();
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    report.failed(
        failed.cause() instanceof CompletionException e && e.getCause() != null
            ? e.getCause()
            : failed.cause());
    pause();
    return this;
  }

  /** Nobody waits for what a run may wait for; the next one, of any node, goes on. */
  private Behavior<Command> onGone() {
    Connection open = running;
    if (open != null) {
      try {
        open.abort(Runnable::run);
      } catch (SQLException e) {
        getContext().getLog().debug("the connection of retention was gone already", e);
      }
    }
    return this;
  }
}
