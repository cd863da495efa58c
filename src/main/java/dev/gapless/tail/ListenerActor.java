package dev.gapless.tail;

import dev.gapless.log.LastFailure;
import dev.gapless.tail.ListenerStatus.State;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;
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
 * Owns the connection that listens for notifications, and wakes the tail with each of them.
 *
 * <p>It blocks in short waits, so it needs {@link #dispatcher()}. A connection that fails is
 * replaced, with growing pauses unless it had lasted; the tail is told, polls more often meanwhile,
 * and is woken when the new connection listens, because notifications may have been lost.
 */
public final class ListenerActor extends AbstractBehavior<ListenerActor.Command> {

  /** Nothing can be told to the listener: it works from its start to its stop. */
  public sealed interface Command {}

  private enum Poll implements Command {
    INSTANCE
  }

  private static final double RANDOM_FACTOR = 0.2;

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final DataSource direct;
  private final ListenerSettings settings;
  private final ActorRef<LogTailActor.Command> tail;
  private final ListenerReport report;
  private final ReconnectPace pace;

  private @Nullable ListenConnection connection;
  private long connectedAt;
  private long nextHeartbeat;
  private long nextProbe;
  private long probeDeadline;
  private boolean probing;

  /**
   * @param direct leads to the primary without a pooler; must bound the time to connect and keep
   *     TCP alive
   * @param tail who is woken
   * @param observer called with each change of state, on the listener's thread; must return at once
   */
  public static Behavior<Command> create(
      DataSource direct,
      ListenerSettings settings,
      ActorRef<LogTailActor.Command> tail,
      Consumer<ListenerStatus> observer) {
    ListenerReport report = new ListenerReport(observer);
    Behavior<Command> listener =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> new ListenerActor(context, timers, direct, settings, tail, report)));
    return Behaviors.supervise(listener)
        .onFailure(
            Exception.class,
            SupervisorStrategy.restartWithBackoff(
                settings.restartMin(), settings.restartMax(), RANDOM_FACTOR));
  }

  /** A thread of its own: spawn the listener with it. */
  public static DispatcherSelector dispatcher() {
    return DispatcherSelector.fromConfig(ListenerSettings.DISPATCHER);
  }

  private ListenerActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      DataSource direct,
      ListenerSettings settings,
      ActorRef<LogTailActor.Command> tail,
      ListenerReport report) {
    super(context);
    context.setLoggerName(ListenerActor.class);
    this.context = context;
    this.timers = timers;
    this.direct = direct;
    this.settings = settings;
    this.tail = tail;
    this.report = report;
    this.pace = new ReconnectPace(settings.restartMin(), settings.restartMax());
    report.begin();
    context.getSelf().tell(Poll.INSTANCE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Poll.class, this::onPoll)
        .onSignal(PreRestart.class, signal -> onRestart())
        .onSignal(PostStop.class, signal -> onStopped())
        .build();
  }

  private Behavior<Command> onPoll(Poll poll) {
    try {
      work();
      context.getSelf().tell(Poll.INSTANCE);
    } catch (SQLException | RuntimeException e) {
      report.failed(e);
      context
          .getLog()
          .atWarn()
          .addKeyValue("type", e.getClass().getSimpleName())
          .addKeyValue("reason", LastFailure.of(e).message())
          .log("listener_failed");
      connectAgain();
    }
    return this;
  }

  private void work() throws SQLException {
    ListenConnection open = connection;
    if (open == null) {
      open = connect();
    }
    onArrived(open.await());
    long now = System.nanoTime();
    if (probing && now - probeDeadline >= 0) {
      onProbeLost();
    }
    if (!probing && now - nextHeartbeat >= 0) {
      open.heartbeat();
      heartbeatAnswered();
    }
    if (!probing && now - nextProbe >= 0) {
      probe(open);
    }
  }

  private void connectAgain() {
    Duration lasted =
        connection == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - connectedAt);
    abort();
    probing = false;
    Duration pause = pace.afterFailure(lasted);
    if (pause.isZero()) {
      context.getSelf().tell(Poll.INSTANCE);
    } else {
      timers.startSingleTimer(Poll.INSTANCE, pause);
    }
  }

  private ListenConnection connect() throws SQLException {
    report.state(State.CONNECTING);
    ListenConnection open = ListenConnection.open(direct, settings);
    connection = open;
    connectedAt = System.nanoTime();
    // from here on nothing is lost, and what was lost before is read now
    tail.tell(new LogTailActor.Wake(WakeCause.LISTENER_UP));
    nextHeartbeat = System.nanoTime() + settings.heartbeatInterval().toNanos();
    probe(open);
    return open;
  }

  private void probe(ListenConnection open) {
    Duration next = settings.probeInterval();
    try {
      double queueUsage = open.sendProbe(direct);
      if (report.queueUsage(queueUsage)) {
        // somebody listens and does not read: at 1 every commit that notifies fails
        context.getLog().atWarn().addKeyValue("usage", queueUsage).log("notify_queue_filling");
      }
      probing = true;
      probeDeadline = System.nanoTime() + settings.probeTimeout().toNanos();
    } catch (SQLException e) {
      // no connection to spare for it: that says nothing about this one
      report.failure(e);
      next = settings.heartbeatInterval();
    }
    nextProbe = System.nanoTime() + next.toNanos();
  }

  private void onArrived(ListenConnection.Arrived arrived) {
    if (arrived.events() > 0) {
      tail.tell(new LogTailActor.Wake(WakeCause.NOTIFY));
      report.notifications(arrived.events());
    }
    if (arrived.probe() || (arrived.events() > 0 && !probing)) {
      probing = false;
      if (report.state(State.LISTENING)) {
        if (report.restarts() == 0) {
          context.getLog().info("listener_up");
        } else {
          context
              .getLog()
              .atInfo()
              .addKeyValue("count", report.restarts())
              .log("listener_restarted");
        }
        tail.tell(new LogTailActor.Wake(WakeCause.LISTENER_UP));
      }
      tail.tell(new LogTailActor.ListenerState(true));
    }
  }

  private void onProbeLost() {
    probing = false;
    if (report.state(State.DEAF)) {
      context.getLog().warn("listener_deaf");
    }
    tail.tell(new LogTailActor.ListenerState(false));
  }

  private void heartbeatAnswered() {
    nextHeartbeat = System.nanoTime() + settings.heartbeatInterval().toNanos();
    // repeated, so that a listener that hangs is noticed too
    tail.tell(new LogTailActor.ListenerState(report.isListening()));
  }

  private Behavior<Command> onRestart() {
    abort();
    return this;
  }

  private void abort() {
    if (connection != null) {
      // a server that does not answer is not waited for
      connection.abort();
      connection = null;
    }
    tail.tell(new LogTailActor.ListenerState(false));
  }

  private Behavior<Command> onStopped() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
    report.state(State.DOWN);
    tail.tell(new LogTailActor.ListenerState(false));
    return this;
  }
}
