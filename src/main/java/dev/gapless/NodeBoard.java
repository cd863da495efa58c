package dev.gapless;

import dev.gapless.hub.HubStatus;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.LogTailActor;
import dev.gapless.tail.TailStatus;
import dev.gapless.tail.WakeCause;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the parts of a node leave their state for others to read. Thread-safe. */
final class NodeBoard {
  private static final Logger log = LoggerFactory.getLogger(NodeBoard.class);

  private volatile @Nullable ActorRef<LogTailActor.Command> tail;
  private volatile @Nullable TailStatus tailStatus;
  private volatile @Nullable ListenerStatus listenerStatus;
  private volatile Partitions.@Nullable Status partitionStatus;
  private volatile HousekeepingStatus housekeeping = HousekeepingStatus.NONE;
  private volatile @Nullable RetentionStatus retentionStatus;
  private volatile @Nullable ErasureStatus erasureStatus;
  private volatile List<String> warnings = List.of();

  void tailIs(ActorRef<LogTailActor.Command> actor) {
    tail = actor;
  }

  void tail(TailStatus status) {
    tailStatus = status;
  }

  void listener(ListenerStatus status) {
    listenerStatus = status;
  }

  void partitions(Partitions.Status status) {
    partitionStatus = status;
  }

  void housekeeping(HousekeepingStatus status) {
    housekeeping = status;
  }

  void retention(RetentionStatus status) {
    retentionStatus = status;
  }

  void erasure(ErasureStatus status) {
    erasureStatus = status;
  }

  void warnings(List<String> found) {
    if (!found.equals(warnings)) {
      found.forEach(log::warn);
      warnings = List.copyOf(found);
    }
  }

  /** Something was committed here. */
  void wake() {
    tell(new LogTailActor.Wake(WakeCause.LOCAL));
  }

  /** The hub has lost its place. */
  void beginAnew() {
    tell(LogTailActor.BeginAnew.INSTANCE);
  }

  private void tell(LogTailActor.Command command) {
    ActorRef<LogTailActor.Command> actor = tail;
    if (actor != null) {
      actor.tell(command);
    }
  }

  NodeStatus status(HubStatus hub) {
    return new NodeStatus(
        hub,
        Optional.ofNullable(tailStatus),
        Optional.ofNullable(listenerStatus),
        Optional.ofNullable(partitionStatus),
        housekeeping,
        Optional.ofNullable(retentionStatus),
        Optional.ofNullable(erasureStatus));
  }
}
