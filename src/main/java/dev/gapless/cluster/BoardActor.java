package dev.gapless.cluster;

import java.time.Duration;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/** Sends this node's report to the boards of all nodes each second, and keeps theirs. */
final class BoardActor extends AbstractBehavior<BoardActor.Command> {
  private static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "gapless-board");
  private static final Duration EVERY = Duration.ofSeconds(1);
  private static final int SERIES_EVERY = 5;

  /** What a board understands. */
  interface Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  private record Boards(Set<ActorRef<Command>> all) implements Command {}

  /** From the board of a node. */
  record Told(Report report) implements Command, ClusterMessage {}

  /** The node of this name is to drain; other nodes ignore it. */
  record Drain(String node) implements Command, ClusterMessage {}

  /** The same, to be sent to all boards. */
  record DrainSomebody(String node) implements Command {}

  private final String node;
  private final String address;
  private final Board board;
  private Set<ActorRef<Command>> boards = Set.of();
  private long ticks;

  static Behavior<Command> create(String node, String address, Board board) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new BoardActor(context, timers, node, address, board)));
  }

  private BoardActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String node,
      String address,
      Board board) {
    super(context);
    context.setLoggerName(BoardActor.class);
    this.node = node;
    this.address = address;
    this.board = board;
    var receptionist = context.getSystem().receptionist();
    receptionist.tell(Receptionist.register(KEY, context.getSelf()));
    receptionist.tell(
        Receptionist.subscribe(
            KEY,
            context.messageAdapter(
                Receptionist.Listing.class,
                listing -> new Boards(Set.copyOf(listing.getServiceInstances(KEY))))));
    timers.startTimerWithFixedDelay(Tick.INSTANCE, EVERY);
    board.actorIs(context.getSelf());
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Tick.class, this::onTick)
        .onMessage(Boards.class, this::onBoards)
        .onMessage(Told.class, this::onTold)
        .onMessage(Drain.class, this::onDrain)
        .onMessage(DrainSomebody.class, this::onDrainSomebody)
        .onSignal(PostStop.class, signal -> onStopped())
        .build();
  }

  private Behavior<Command> onTick(Tick tick) {
    // twenty kilobytes that hardly change, from each node to each
    boolean whole = ticks++ % SERIES_EVERY == 0;
    board
        .own(node, address)
        .map(report -> whole ? report : report.with(""))
        .ifPresent(report -> boards.forEach(other -> other.tell(new Told(report))));
    return this;
  }

  private Behavior<Command> onBoards(Boards now) {
    boards = now.all();
    return this;
  }

  private Behavior<Command> onTold(Told told) {
    Report report = told.report();
    if (!report.node().equals(node) || report.address().equals(address)) {
      board.heard(report);
    } else if (board.nameIsTaken()) {
      getContext()
          .getLog()
          .atWarn()
          .addKeyValue("node", node)
          .addKeyValue("other", report.address())
          .log(
              "node_name_taken: another node has the name of this one, and one card stands for both");
    }
    return this;
  }

  private Behavior<Command> onDrain(Drain drain) {
    if (drain.node().equals(node)) {
      board.drainHere();
    }
    return this;
  }

  private Behavior<Command> onDrainSomebody(DrainSomebody somebody) {
    boards.forEach(other -> other.tell(new Drain(somebody.node())));
    return this;
  }

  private Behavior<Command> onStopped() {
    board.actorIs(null);
    return this;
  }
}
