package dev.gapless.cluster;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;

/**
 * The guardian of a cluster system: tells the database that the node is there, joins who it finds
 * there or forms a cluster, and ends the system where there are two clusters and its own is the one
 * to give way (a new system follows).
 */
final class MemberActor extends AbstractBehavior<MemberActor.Command> {

  /** Its own ticks and results only. */
  sealed interface Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  /**
   * @param recorded members according to the database; empty if this node was not a member itself
   * @param toJoin who to join
   */
  private record Heard(List<String> recorded, List<String> toJoin) implements Command {}

  private record Failed(Throwable cause) implements Command {}

  private static final Duration ATTEMPT = Duration.ofSeconds(6);

  private final TimerScheduler<Command> timers;
  private final ClusterSettings settings;
  private final String node;
  private final NodeTable table;
  private final Cluster cluster;
  private final String address;
  private final Executor blocking;
  private final TwoClusters twoClusters = new TwoClusters();
  private boolean failing;
  private long tried;

  static Behavior<Command> create(
      ClusterSettings settings, String node, NodeTable table, Board board) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new MemberActor(context, timers, settings, node, table, board)));
  }

  private MemberActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      ClusterSettings settings,
      String node,
      NodeTable table,
      Board board) {
    super(context);
    context.setLoggerName(MemberActor.class);
    this.timers = timers;
    this.settings = settings;
    this.node = node;
    this.table = table;
    this.cluster = Cluster.get(context.getSystem());
    this.address = cluster.selfMember().address().toString();
    this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    this.tried = System.nanoTime() - ATTEMPT.toNanos() - 1;
    context.spawn(
        Behaviors.supervise(BoardActor.create(node, address, board))
            .onFailure(SupervisorStrategy.restart()),
        "board");
    if (settings.seedNodes().isEmpty()) {
      context.getSelf().tell(Tick.INSTANCE);
    } else {
      cluster.manager().tell(new JoinSeedNodes(seeds()));
    }
  }

  private List<Address> seeds() {
    String system = getContext().getSystem().name();
    return settings.seedNodes().stream()
        .map(seed -> AddressFromURIString.parse("pekko://" + system + "@" + seed))
        .toList();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Tick.class, this::onTick)
        .onMessage(Heard.class, this::onHeard)
        .onMessage(Failed.class, this::onFailed)
        .build();
  }

  private boolean isMember() {
    MemberStatus status = cluster.selfMember().status();
    return status.equals(MemberStatus.up()) || status.equals(MemberStatus.weaklyUp());
  }

  private Behavior<Command> onTick(Tick tick) {
    boolean member = isMember();
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(() -> tell(member), blocking),
            (heard, failure) -> failure == null ? heard : new Failed(failure));
    return this;
  }

  private Heard tell(boolean member) {
    try {
      return member
          ? new Heard(table.heard(address, node, true), List.of())
          : new Heard(List.of(), table.join(address, node));
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  /** The next time after this one, however long the database took. */
  private void pause() {
    timers.startSingleTimer(Tick.INSTANCE, settings.heartbeat());
  }

  private Behavior<Command> onHeard(Heard heard) {
    pause();
    failing = false;
    if (isMember()) {
      return twoClusters.mustGiveWay(members(), Set.copyOf(heard.recorded())) ? giveWay() : this;
    }
    // a new attempt begins from the start
    if (!heard.toJoin().isEmpty() && System.nanoTime() - tried > ATTEMPT.toNanos()) {
      tried = System.nanoTime();
      join(heard.toJoin());
    }
    return this;
  }

  private void join(List<String> members) {
    if (members.equals(List.of(address))) {
      getContext().getLog().info("cluster_formed");
      cluster.manager().tell(new Join(cluster.selfMember().address()));
    } else {
      cluster
          .manager()
          .tell(new JoinSeedNodes(members.stream().map(AddressFromURIString::parse).toList()));
    }
  }

  private Set<String> members() {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .map(member -> member.address().toString())
        .collect(Collectors.toSet());
  }

  private Behavior<Command> giveWay() {
    getContext().getLog().warn("cluster_left: there are two, and this node joins the other one");
    return Behaviors.stopped();
  }

  private Behavior<Command> onFailed(Failed failed) {
    pause();
    if (!failing) {
      failing = true;
      Throwable cause = failed.cause().getCause();
      getContext()
          .getLog()
          .atWarn()
          .addKeyValue(
              "failure", (cause == null ? failed.cause() : cause).getClass().getSimpleName())
          .log("cluster_table_failed: the members go on, and nobody can join");
    }
    return this;
  }
}
