package dev.gapless.tail;

import dev.gapless.tail.ListenerStatus.State;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
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
import org.jspecify.annotations.Nullable;

/**
 * Owns the connection that listens for notifications, and wakes the tail with each of them.
 *
 * <p>It blocks in short waits, so it needs {@link #dispatcher()}. Any failure restarts it with
 * backoff and a new connection; the tail is told, polls more often meanwhile, and is woken when the
 * new connection listens, because notifications may have been lost.
 */
public final class ListenerActor extends AbstractBehavior<ListenerActor.Command> {

  /** Nothing can be told to the listener: it works from its start to its stop. */
  public sealed interface Command {}

  private enum Poll implements Command {
    INSTANCE
  }

  private static final double RANDOM_FACTOR = 0.2;

  private final ActorContext<Command> context;
  private final DataSource direct;
  private final ListenerSettings settings;
  private final ActorRef<LogTailActor.Command> tail;
  private final Report report;

  private @Nullable ListenConnection connection;
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
    Report report = new Report(observer);
    Behavior<Command> listener =
        Behaviors.setup(context -> new ListenerActor(context, direct, settings, tail, report));
    // our own line in the log says what failed, without a stack trace a second
    return Behaviors.supervise(listener)
        .onFailure(
            Exception.class,
            SupervisorStrategy.restartWithBackoff(
                    settings.restartMin(), settings.restartMax(), RANDOM_FACTOR)
                .withResetBackoffAfter(
                    settings.heartbeatInterval().plus(settings.heartbeatTimeout()))
                .withLoggingEnabled(false));
  }

  /** A thread of its own: spawn the listener with it. */
  public static DispatcherSelector dispatcher() {
    return DispatcherSelector.fromConfig(ListenerSettings.DISPATCHER);
  }

  private ListenerActor(
      ActorContext<Command> context,
      DataSource direct,
      ListenerSettings settings,
      ActorRef<LogTailActor.Command> tail,
      Report report) {
    super(context);
    this.context = context;
    this.direct = direct;
    this.settings = settings;
    this.tail = tail;
    this.report = report;
    report.state(State.CONNECTING);
    report.publish();
    context.getSelf().tell(Poll.INSTANCE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Poll.class, this::onPoll)
        .onSignal(PreRestart.class, signal -> onFailed())
        .onSignal(PostStop.class, signal -> onStopped())
        .build();
  }

  private Behavior<Command> onPoll(Poll poll) throws SQLException {
    try {
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
    } catch (SQLException | RuntimeException e) {
      report.failed(e);
      context
          .getLog()
          .atWarn()
          .addKeyValue("type", e.getClass().getSimpleName())
          .addKeyValue("reason", TailFailure.of(e).message())
          .log("listener_failed");
      throw e;
    }
    context.getSelf().tell(Poll.INSTANCE);
    return this;
  }

  private ListenConnection connect() throws SQLException {
    ListenConnection open = ListenConnection.open(direct, settings);
    connection = open;
    // from here on nothing is lost, and what was lost before is read now
    tail.tell(new LogTailActor.Wake(WakeCause.LISTENER_UP));
    nextHeartbeat = System.nanoTime() + settings.heartbeatInterval().toNanos();
    probe(open);
    return open;
  }

  private void probe(ListenConnection open) {
    try {
      open.sendProbe(direct);
      probing = true;
      probeDeadline = System.nanoTime() + settings.probeTimeout().toNanos();
    } catch (SQLException e) {
      // no connection to spare for it: that says nothing about this one
      report.failure(e);
    }
    nextProbe = System.nanoTime() + settings.probeInterval().toNanos();
  }

  private void onArrived(ListenConnection.Arrived arrived) {
    if (arrived.events() > 0) {
      tail.tell(new LogTailActor.Wake(WakeCause.NOTIFY));
      report.notifications(arrived.events());
    }
    if (arrived.probe() || (arrived.events() > 0 && !probing)) {
      probing = false;
      if (report.state(State.LISTENING)) {
        context.getLog().info("listener_up");
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

  private Behavior<Command> onFailed() {
    if (connection != null) {
      // a server that does not answer is not waited for
      connection.abort();
      connection = null;
    }
    tail.tell(new LogTailActor.ListenerState(false));
    return this;
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

  /** What outlives a restart. Used on the listener's thread only. */
  private static final class Report {
    private final Consumer<ListenerStatus> observer;
    private State state = State.CONNECTING;
    private Instant since = Instant.now();
    private long restarts;
    private long notifications;
    private @Nullable TailFailure lastFailure;

    Report(Consumer<ListenerStatus> observer) {
      this.observer = observer;
    }

    boolean isListening() {
      return state == State.LISTENING;
    }

    /** Whether it is another one than before. */
    boolean state(State next) {
      if (next == state) {
        return false;
      }
      state = next;
      since = Instant.now();
      publish();
      return true;
    }

    void notifications(int more) {
      notifications += more;
      publish();
    }

    void failure(Throwable failure) {
      lastFailure = TailFailure.of(failure);
      publish();
    }

    void failed(Throwable failure) {
      lastFailure = TailFailure.of(failure);
      restarts++;
      state(State.DOWN);
    }

    private void publish() {
      observer.accept(
          new ListenerStatus(
              state, since, restarts, notifications, Optional.ofNullable(lastFailure)));
    }
  }
}
