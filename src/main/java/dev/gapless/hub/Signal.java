package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.log.EventLog.LostReason;
import java.util.List;
import java.util.Optional;

/**
 * What a subscription receives, in the order of the wire: {@link Open}, then {@link Events} with
 * {@link Live} once between history and live, {@link Heartbeat} in silence, {@link Reset} where a
 * cursor could not be continued, and {@link Close} last if the server ends it. Immutable.
 */
public sealed interface Signal {

  /** The position of the subscription once it has received this. */
  Cursor cursor();

  /** The first signal: where the subscription starts. */
  record Open(Cursor cursor) implements Signal {}

  /**
   * Matching events in position order, at least one; all that was pending when the subscriber
   * asked.
   */
  record Events(List<HubEvent> events) implements Signal {
    @Override
    public Cursor cursor() {
      return events.get(events.size() - 1).cursor();
    }
  }

  /** History is delivered; from here on events come as they are decided. Sent once. */
  record Live(Cursor cursor) implements Signal {}

  /**
   * Nothing was sent for the heartbeat interval.
   *
   * @param cursor the subscription's own position: everything matching at or below it was delivered
   *     before
   * @param moved whether the position differs from the last one that was sent
   */
  record Heartbeat(Cursor cursor, boolean moved) implements Signal {}

  /**
   * The requested cursor cannot be continued; the subscription goes on from {@code continuesAt}.
   *
   * @param owner the owner whose cursor was refused, if it was one owner's and not the
   *     subscription's
   */
  record Reset(
      LostReason reason,
      Cursor requested,
      Cursor earliest,
      Cursor head,
      Cursor continuesAt,
      Optional<String> owner)
      implements Signal {
    @Override
    public Cursor cursor() {
      return continuesAt;
    }
  }

  /** The last signal; the stream completes after it. */
  record Close(CloseReason reason, Cursor cursor) implements Signal {}

  /** Why the server ends a subscription. */
  enum CloseReason {
    /** The node is shutting down: come back, to another node. */
    DRAIN,
    /** The requested number of events was delivered. */
    LIMIT,
    /** The requested history was delivered. */
    END,
    /** The node has no room: come back later. */
    OVERLOADED,
    /** The credential was revoked. */
    REVOKED,
    /** The credential has expired. */
    EXPIRED,
    /** The node cannot serve this subscription any longer. */
    ERROR
  }
}
