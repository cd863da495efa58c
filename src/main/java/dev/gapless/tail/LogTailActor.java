package dev.gapless.tail;

import dev.gapless.log.CommitTimes;
import dev.gapless.log.HeadReads;
import dev.gapless.log.LastFailure;
import dev.gapless.tail.NextRead.Kind;
import dev.gapless.tail.TailOutput.RestartReason;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
import org.slf4j.Logger;

/**
 * Follows the log and hands its gap-free prefix to the hub, in order and without a gap.
 *
 * <p>The listener, committers on this node and its own polls wake it. It works on one direct
 * connection with blocking statements, one for each message, so it needs {@link #dispatcher()}. A
 * failing connection is replaced by itself and the head stays; anything unexpected restarts it,
 * which the hub sees as {@link TailOutput.Restarted}.
 */
public final class LogTailActor extends AbstractBehavior<LogTailActor.Command> {

  /** What the tail can be told. */
  public sealed interface Command {}

  /** There may be new events. Cheap: any number of them cost one look. */
  public record Wake(WakeCause cause) implements Command {}

  /** The listener delivers notifications (repeated with each heartbeat), or does not. */
  public record ListenerState(boolean healthy) implements Command {}

  /** The hub has taken over one batch. */
  public enum Acknowledge implements Command {
    INSTANCE
  }

  /** The hub has lost its place: decide the head afresh. */
  public enum BeginAnew implements Command {
    INSTANCE
  }

  private enum Step implements Command {
    INSTANCE
  }

  private static final Duration RESTART_MIN = Duration.ofMillis(200);
  private static final Duration RESTART_MAX = Duration.ofSeconds(10);

  /** The scheduler's timers are coarser than this: shorter pauses are waited for in slices. */
  private static final long SHORT_PAUSE = TimeUnit.MILLISECONDS.toNanos(12);

  private static final long SLICE = TimeUnit.MILLISECONDS.toNanos(1);

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final Supplier<HeadReads> reads;
  private final DataSource direct;
  private final ConnectionCheck check;
  private final TailSettings settings;
  private final ActorRef<TailOutput> hub;
  private final TailReport report;

  private final HeadDecider decider;
  private final MarkKeeper mark;
  private final BlockerWatch blockers;
  private final TailConnection.StatementCounter statements = new TailConnection.StatementCounter();

  private @Nullable TailConnection connection;
  private Duration reconnectPause;
  private int unacknowledged;
  private boolean listenerHealthy;
  private long listenerHeard;
  private long restingSince;
  private boolean stepQueued;

  /**
   * @param direct leads to the primary without a pooler; must bound the time to connect and keep
   *     TCP alive
   * @param check what each new connection has to pass
   * @param hub where the decided events go
   * @param observer called with each change of state, on the tail's thread; must return at once
   */
  public static Behavior<Command> create(
      DataSource direct,
      ConnectionCheck check,
      TailSettings settings,
      ActorRef<TailOutput> hub,
      Consumer<TailStatus> observer) {
    return create(HeadReads::create, direct, check, settings, hub, observer);
  }

  static Behavior<Command> create(
      Supplier<HeadReads> reads,
      DataSource direct,
      ConnectionCheck check,
      TailSettings settings,
      ActorRef<TailOutput> hub,
      Consumer<TailStatus> observer) {
    Behavior<Command> tail =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers ->
                        new LogTailActor(
                            context, timers, reads, direct, check, settings, hub, observer)));
    return Behaviors.supervise(tail)
        .onFailure(
            Exception.class, SupervisorStrategy.restartWithBackoff(RESTART_MIN, RESTART_MAX, 0.2));
  }

  /** A thread of its own: spawn the tail with it. */
  public static DispatcherSelector dispatcher() {
    return DispatcherSelector.fromConfig(TailSettings.DISPATCHER);
  }

  private LogTailActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Supplier<HeadReads> reads,
      DataSource direct,
      ConnectionCheck check,
      TailSettings settings,
      ActorRef<TailOutput> hub,
      Consumer<TailStatus> observer) {
    super(context);
    context.setLoggerName(LogTailActor.class);
    this.context = context;
    this.timers = timers;
    this.reads = reads;
    this.direct = direct;
    this.check = check;
    this.settings = settings;
    this.hub = hub;
    this.report = new TailReport(observer);
    long now = System.nanoTime();
    decider = new HeadDecider(now);
    mark = new MarkKeeper(context.getLog(), settings.markInterval(), now);
    blockers = new BlockerWatch(context.getLog());
    reconnectPause = settings.reconnectMin();
    queueStep();
    publish();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Wake.class, this::onWake)
        .onMessage(ListenerState.class, this::onListenerState)
        .onMessage(Acknowledge.class, this::onAcknowledge)
        .onMessage(BeginAnew.class, this::onBeginAnew)
        .onMessage(Step.class, this::onStep)
        .onSignal(PreRestart.class, signal -> onEnd())
        .onSignal(PostStop.class, signal -> onEnd())
        .build();
  }

  private Behavior<Command> onBeginAnew(BeginAnew command) {
    // by way of the supervisor: there is one way to begin
    throw new IllegalStateException("the hub has lost its place");
  }

  private Behavior<Command> onWake(Wake wake) {
    report.woken(wake.cause());
    decider.onWake(System.nanoTime());
    plan();
    return this;
  }

  private Behavior<Command> onListenerState(ListenerState state) {
    listenerHealthy = state.healthy();
    listenerHeard = System.nanoTime();
    plan();
    return this;
  }

  private Behavior<Command> onAcknowledge(Acknowledge acknowledge) {
    // one may come from a batch of before a restart
    unacknowledged = Math.max(0, unacknowledged - 1);
    plan();
    return this;
  }

  private Behavior<Command> onStep(Step step) {
    stepQueued = false;
    try {
      if (connection == null) {
        connect();
      } else {
        work(connection);
      }
    } catch (SQLException e) {
      disconnected(e);
    }
    publish();
    plan();
    return this;
  }

  private Behavior<Command> onEnd() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
    return this;
  }

  private void connect() throws SQLException {
    connection = TailConnection.open(direct, check, reads.get(), settings, statements);
    reconnectPause = settings.reconnectMin();
    if (!report.connected()) {
      log().atInfo().addKeyValue("head", decider.head()).log("tail_reconnected");
    }
  }

  private void disconnected(SQLException failure) {
    LastFailure noticed = report.failed(failure);
    if (connection != null || reconnectPause.equals(settings.reconnectMin())) {
      log()
          .atWarn()
          .addKeyValue("type", noticed.type())
          .addKeyValue("reason", noticed.message())
          .log("tail_disconnected");
    }
    if (connection != null) {
      connection.abort();
      connection = null;
      decider.connectionLost(System.nanoTime());
    }
    timers.startSingleTimer(Step.INSTANCE, Step.INSTANCE, reconnectPause);
    Duration twice = reconnectPause.multipliedBy(2);
    reconnectPause = twice.compareTo(settings.reconnectMax()) > 0 ? settings.reconnectMax() : twice;
  }

  /** One statement, if one is due. */
  private void work(TailConnection open) throws SQLException {
    long now = System.nanoTime();
    OptionalLong markDue = mark.dueAt(decider.head());
    if (decider.isAnchored() && markDue.isPresent() && now - markDue.getAsLong() >= 0) {
      mark.store(open, decider.head(), now);
    } else if (blockers.isDue(decider, now)) {
      blockers.look(open, decider, now);
    } else if (unacknowledged < settings.unacknowledgedBatches()) {
      if (decider.next().kind() == Kind.REST && now - pollDue() >= 0) {
        decider.onPoll(now);
      }
      NextRead next = decider.next();
      if (next.kind() != Kind.REST && now - next.notBefore() >= 0) {
        run(open, next.kind(), now);
      }
    }
  }

  private void run(TailConnection open, Kind kind, long begun) throws SQLException {
    List<Decision> decisions =
        switch (kind) {
          case MARK -> decider.onMark(open.decided(), System.nanoTime());
          case RETIRED ->
              decider.onRemoved(open.removed(decider.head().position()), System.nanoTime());
          case HIGHEST -> decider.onHighest(open.highestVisible(), System.nanoTime());
          case ROWS -> {
            var rows = open.rows(decider.head(), decider.ceiling());
            yield decider.onRows(rows, System.nanoTime());
          }
          case LOCKS -> {
            var locks = open.locks();
            long now = System.nanoTime();
            yield decider.onLocks(locks, now - begun, now);
          }
          case REST -> List.of();
        };
    for (Decision decision : decisions) {
      apply(decision, open.commitTimes());
    }
    if (decider.next().kind() == Kind.REST) {
      restingSince = System.nanoTime();
    }
  }

  private void apply(Decision decision, CommitTimes times) throws SQLException {
    if (decision instanceof Decision.Deliver deliver) {
      unacknowledged++;
      report.delivered(deliver.events().size());
      hub.tell(
          new TailOutput.Decided(
              deliver.events(), deliver.head(), times, context.getSelf().<Acknowledge>narrow()));
    } else if (decision instanceof Decision.Restart restart) {
      report.restarted();
      mark.restarted();
      log()
          .atInfo()
          .addKeyValue("head", restart.head())
          .addKeyValue("reason", restart.reason())
          .log("head_decided");
      hub.tell(new TailOutput.Restarted(restart.head(), restart.reason()));
    } else if (decision instanceof Decision.Diverged diverged) {
      log()
          .atError()
          .addKeyValue("head", diverged.head())
          .addKeyValue("reason", diverged.reason())
          .log("log_diverged");
      hub.tell(new TailOutput.Suspended(diverged.reason()));
    } else if (decision instanceof Decision.InDoubt inDoubt) {
      log().atWarn().addKeyValue("head", inDoubt.head()).log("head_in_doubt");
      hub.tell(new TailOutput.Suspended(RestartReason.RECONNECTED));
    } else if (decision instanceof Decision.Forced forced) {
      log()
          .atError()
          .addKeyValue("position", forced.position())
          .addKeyValue("last_value", forced.lastValue())
          .log("forced_position");
    } else if (decision instanceof Decision.NotPrimary) {
      throw new SQLException("the server is in recovery: not a primary");
    }
  }

  /** Sees to it that a step comes when the next one is due. */
  private void plan() {
    if (stepQueued || (connection == null && timers.isTimerActive(Step.INSTANCE))) {
      return;
    }
    long now = System.nanoTime();
    long due = connection == null ? now : nextDue(now);
    if (due - now <= 0) {
      queueStep();
    } else if (due - now <= SHORT_PAUSE) {
      // this thread is ours; between two slices, messages get their turn
      LockSupport.parkNanos(Math.min(due - now, SLICE));
      queueStep();
    } else {
      timers.startSingleTimer(Step.INSTANCE, Step.INSTANCE, Duration.ofNanos(due - now));
    }
  }

  private long nextDue(long now) {
    long due = now + TimeUnit.MINUTES.toNanos(1);
    if (unacknowledged < settings.unacknowledgedBatches()) {
      NextRead next = decider.next();
      due = earlier(due, next.kind() == Kind.REST ? pollDue() : next.notBefore());
    }
    OptionalLong markDue = mark.dueAt(decider.head());
    if (decider.isAnchored() && markDue.isPresent()) {
      due = earlier(due, markDue.getAsLong());
    }
    return due;
  }

  private long pollDue() {
    long withoutListener = restingSince + settings.pollIntervalWithoutListener().toNanos();
    if (!listenerHealthy) {
      return withoutListener;
    }
    long silent = listenerHeard + settings.listenerSilence().toNanos();
    return earlier(
        restingSince + settings.pollInterval().toNanos(),
        silent - withoutListener < 0 ? withoutListener : silent);
  }

  private static long earlier(long one, long other) {
    return other - one < 0 ? other : one;
  }

  private void queueStep() {
    timers.cancel(Step.INSTANCE);
    stepQueued = true;
    context.getSelf().tell(Step.INSTANCE);
  }

  private void publish() {
    report.publish(
        decider, statements.total(), blockers.current(), unacknowledged, connection != null);
  }

  private Logger log() {
    return context.getLog();
  }
}
