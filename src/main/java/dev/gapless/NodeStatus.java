package dev.gapless;

import dev.gapless.hub.HubStatus;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import java.util.Optional;

/**
 * A moment's state of a node. Immutable; holds no owner, path or payload.
 *
 * @param listener empty until it has begun
 * @param tail empty until it has begun
 * @param partitions empty until they were looked at
 * @param housekeeping of this node; all nodes do it
 * @param retention empty until it has run
 * @param erasures empty until they were looked at
 */
public record NodeStatus(
    HubStatus hub,
    Optional<TailStatus> tail,
    Optional<ListenerStatus> listener,
    Optional<Partitions.Status> partitions,
    HousekeepingStatus housekeeping,
    Optional<RetentionStatus> retention,
    Optional<ErasureStatus> erasures) {}
