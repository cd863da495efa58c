package dev.gapless;

import dev.gapless.event.Cursor;
import dev.gapless.log.ErasureRun;
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
 * Has the events of erased owners removed: at once when the mark of an erasure is decided here, and
 * now and then for what another node has left undone. All nodes try; at any moment one works.
 */
final class ErasureActor extends AbstractBehavior<ErasureActor.Command> {

  /** What can be told to it. */
  sealed interface Command {}

  /** There may be something to do. */
  enum Look implements Command {
    INSTANCE
  }

  private record Erased(ErasureRun.Done erasure) implements Command {}

  private record Ended(int pending) implements Command {}

  private record Failed(Throwable cause) implements Command {}

  private static final Duration RESTART_MIN = Duration.ofSeconds(1);
  private static final Duration RESTART_MAX = Duration.ofMinutes(1);
  private static final double RANDOM_FACTOR = 0.2;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

  private final TimerScheduler<Command> timers;
  private final DataSource direct;
  private final Duration interval;
  private final Supplier<Cursor> head;
  private final Report report;
  private final Executor blocking;
  private final ErasureRun run = ErasureRun.create();

  private Duration pause = FIRST_PAUSE;
  private boolean isRunning;
  // while a run was on its way
  private boolean askedAgain;
  private volatile @Nullable Connection running;

  /**
   * @param interval how often to look without being told
   * @param head what this node has decided, or 0 while it does not know
   * @param observer called with each change; must return at once
   */
  static Behavior<Command> create(
      DataSource direct,
      Duration interval,
      Supplier<Cursor> head,
      Consumer<ErasureStatus> observer) {
    Report report = new Report(observer);
    Behavior<Command> erasure =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> new ErasureActor(context, timers, direct, interval, head, report)));
    return Behaviors.supervise(erasure)
        .onFailure(
            Exception.class,
            SupervisorStrategy.restartWithBackoff(RESTART_MIN, RESTART_MAX, RANDOM_FACTOR));
  }

  private ErasureActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      DataSource direct,
      Duration interval,
      Supplier<Cursor> head,
      Report report) {
    super(context);
    context.setLoggerName(ErasureActor.class);
    this.timers = timers;
    this.direct = direct;
    this.interval = interval.compareTo(FIRST_PAUSE) > 0 ? interval : FIRST_PAUSE;
    this.head = head;
    this.report = report;
    this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    lookLater(FIRST_PAUSE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Look.class, look -> onLook())
        .onMessage(Erased.class, this::onErased)
        .onMessage(Ended.class, this::onEnded)
        .onMessage(Failed.class, this::onFailed)
        .onSignal(PreRestart.class, signal -> onGone())
        .onSignal(PostStop.class, signal -> onGone())
        .build();
  }

  private Behavior<Command> onLook() {
    if (isRunning) {
      askedAgain = true;
      return this;
    }
    isRunning = true;
    ActorRef<Command> self = getContext().getSelf();
    Consumer<ErasureRun.Done> done = erasure -> self.tell(new Erased(erasure));
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(() -> runOnce(done), blocking),
            (pending, failure) -> failure == null ? new Ended(pending) : new Failed(failure));
    return this;
  }

  private int runOnce(Consumer<ErasureRun.Done> done) {
    try (Connection connection = direct.getConnection()) {
      running = connection;
      return run.run(connection, head.get(), done);
    } catch (SQLException e) {
      throw new CompletionException(e);
    } finally {
      running = null;
    }
  }

  private Behavior<Command> onErased(Erased erased) {
    ErasureRun.Done erasure = erased.erasure();
    getContext()
        .getLog()
        .atInfo()
        .addKeyValue("position", erasure.position())
        .addKeyValue("events", erasure.events())
        .addKeyValue("ms", erasure.took().toMillis())
        .log("owner_erased");
    report.publish(report.now.withDone(erasure.events()));
    return this;
  }

  private Behavior<Command> onEnded(Ended ended) {
    report.publish(report.now.withPending(ended.pending()));
    if (ended.pending() == 0) {
      pause = FIRST_PAUSE;
      lookLater(interval);
    } else {
      // the mark is not decided here yet, or another node is at it, which may die over it
      lookAfterPause();
    }
    return goOn();
  }

  private Behavior<Command> onFailed(Failed failed) {
    Throwable cause =
        failed.cause() instanceof CompletionException e && e.getCause() != null
            ? e.getCause()
            : failed.cause();
    String state =
        cause instanceof SQLException error && error.getSQLState() != null
            ? error.getSQLState()
            : "";
    getContext()
        .getLog()
        .atWarn()
        .addKeyValue("failure", cause.getClass().getSimpleName())
        .addKeyValue("state", state)
        .log("erasure_failed: tried again");
    report.publish(report.now.withFailure());
    lookAfterPause();
    return goOn();
  }

  private Behavior<Command> goOn() {
    isRunning = false;
    if (askedAgain) {
      askedAgain = false;
      pause = FIRST_PAUSE;
      return onLook();
    }
    return this;
  }

  private void lookAfterPause() {
    lookLater(pause);
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(interval) < 0 ? twice : interval;
  }

  private void lookLater(Duration delay) {
    timers.startSingleTimer(Look.INSTANCE, delay);
  }

  /** Whatever is left, another node goes on with. */
  private Behavior<Command> onGone() {
    Connection open = running;
    if (open != null) {
      try {
        open.abort(Runnable::run);
      } catch (SQLException e) {
        getContext().getLog().debug("the connection was gone already", e);
      }
    }
    return this;
  }

  /** Outlives a restart. */
  private static final class Report {
    private final Consumer<ErasureStatus> observer;
    private ErasureStatus now = ErasureStatus.NONE;

    Report(Consumer<ErasureStatus> observer) {
      this.observer = observer;
    }

    void publish(ErasureStatus next) {
      now = next;
      observer.accept(next);
    }
  }
}
