package dev.gapless;

import dev.gapless.hub.LocalEventHub;
import dev.gapless.log.IdempotencyStore;
import dev.gapless.log.LogChecks;
import dev.gapless.log.Partitions;
import dev.gapless.log.SilenceLimit;
import dev.gapless.tail.ListenerActor;
import dev.gapless.tail.LogTailActor;
import dev.gapless.tail.TailOutput;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The parent of what follows the log on this node: hub, tail and listener, each supervised on its
 * own, and of retention and erasure. It also looks after partitions and old idempotency keys, at a
 * slow pace.
 */
final class NodeActor extends AbstractBehavior<NodeActor.Command> {

  /** What the node understands: its own ticks and results only. */
  sealed interface Command {}

  private enum Housekeep implements Command {
    INSTANCE
  }

  private record Housekept(Partitions.Status partitions) implements Command {}

  private record HousekeepingFailed(Throwable cause) implements Command {}

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final TimerScheduler<Command> timers;
  private final GaplessSettings settings;
  private final DataSource direct;
  private final NodeBoard board;
  private final Partitions partitions;
  private final Executor blocking;
  private HousekeepingStatus housekeeping = HousekeepingStatus.NONE;

  static Behavior<Command> create(
      GaplessSettings settings, DataSource direct, LocalEventHub hub, NodeBoard board) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new NodeActor(context, timers, settings, direct, hub, board)));
  }

  private NodeActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      GaplessSettings settings,
      DataSource direct,
      LocalEventHub hub,
      NodeBoard board) {
    super(context);
    context.setLoggerName(NodeActor.class);
    this.timers = timers;
    this.settings = settings;
    this.direct = direct;
    this.board = board;
    this.partitions = Partitions.create(settings.log());
    this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    context.spawn(hub.behavior(board::beginAnew), "event-hub");
    ActorRef<TailOutput> output = context.spawn(tailOutput(hub), "tail-output");
    ActorRef<LogTailActor.Command> tail =
        context.spawn(
            LogTailActor.create(direct, this::check, settings.tail(), output, board::tail),
            "log-tail",
            LogTailActor.dispatcher());
    board.tailIs(tail);
    context.spawn(
        ListenerActor.create(direct, settings.listener(), tail, board::listener),
        "listener",
        ListenerActor.dispatcher());
    context.spawn(
        RetentionActor.create(direct, settings.retention(), hub::head, board::retention),
        "retention");
    ActorRef<ErasureActor.Command> erasure =
        context.spawn(
            ErasureActor.create(direct, settings.housekeeping(), hub::head, board::erasure),
            "erasure");
    hub.onErasure(() -> erasure.tell(ErasureActor.Look.INSTANCE));
    context.getSelf().tell(Housekeep.INSTANCE);
  }

  private static Behavior<TailOutput> tailOutput(LocalEventHub hub) {
    return Behaviors.receive(TailOutput.class)
        .onMessage(
            TailOutput.Decided.class,
            decided -> {
              hub.publish(
                  decided.events(),
                  decided.head(),
                  decided.times(),
                  () -> decided.acknowledge().tell(LogTailActor.Acknowledge.INSTANCE));
              return Behaviors.same();
            })
        .onMessage(
            TailOutput.Restarted.class,
            restarted -> {
              hub.restart(restarted.head());
              return Behaviors.same();
            })
        .onMessage(
            TailOutput.Suspended.class,
            suspended -> {
              hub.suspend();
              return Behaviors.same();
            })
        .build();
  }

  private void check(Connection connection) throws SQLException {
    board.warnings(LogChecks.check(connection, settings.log()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Housekeep.class, this::onHousekeep)
        .onMessage(Housekept.class, this::onHousekept)
        .onMessage(HousekeepingFailed.class, this::onHousekeepingFailed)
        .build();
  }

  private Behavior<Command> onHousekeep(Housekeep tick) {
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(this::housekeep, blocking),
            (status, failure) ->
                failure == null ? new Housekept(status) : new HousekeepingFailed(failure));
    return this;
  }

  private Partitions.Status housekeep() {
    try (Connection connection = direct.getConnection()) {
      return SilenceLimit.run(
          connection,
          PATIENCE,
          open -> {
            Partitions.Status status = partitions.ensureAhead(open);
            IdempotencyStore.create().removeOlderThan(open, IdempotencyStore.KEPT);
            return status;
          });
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  private Behavior<Command> onHousekept(Housekept done) {
    board.partitions(done.partitions());
    ended(housekeeping.succeeded());
    if (!done.partitions().enough()) {
      getContext()
          .getLog()
          .atWarn()
          .addKeyValue("ahead", done.partitions().ahead())
          .log("partitions_missing: fewer stand ready than gapless.log.partitions-ahead asks for");
    }
    return this;
  }

  private Behavior<Command> onHousekeepingFailed(HousekeepingFailed failed) {
    Throwable cause =
        failed.cause() instanceof CompletionException e && e.getCause() != null
            ? e.getCause()
            : failed.cause();
    getContext()
        .getLog()
        .atWarn()
        .addKeyValue("failure", cause.getClass().getSimpleName())
        .log("housekeeping_failed: tried again in {}", settings.housekeeping());
    ended(housekeeping.failed(cause));
    return this;
  }

  /** The next run begins when this one has ended, however long it took. */
  private void ended(HousekeepingStatus status) {
    housekeeping = status;
    board.housekeeping(status);
    timers.startSingleTimer(Housekeep.INSTANCE, settings.housekeeping());
  }
}
