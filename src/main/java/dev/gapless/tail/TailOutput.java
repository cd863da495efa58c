package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.CommitTimes;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What the tail tells the hub. The first message is a {@link Restarted}; then {@link Decided}
 * batches follow each other without a gap until the next {@link Restarted}. Immutable.
 */
public sealed interface TailOutput {

  /**
   * All committed events after the head of the message before, up to {@code head}, in position
   * order: no other event at or below it will ever appear.
   *
   * @param events at least one; the last one is the one {@code head} names
   * @param times when they were committed, where the server keeps it
   * @param acknowledge where to send {@link LogTailActor.Acknowledge} once the batch is taken over:
   *     the tail stops reading when a few batches wait for theirs
   */
  record Decided(
      List<Event> events,
      Cursor head,
      CommitTimes times,
      ActorRef<LogTailActor.Acknowledge> acknowledge)
      implements TailOutput {
    public Decided {
      events = List.copyOf(events);
    }
  }

  /**
   * What was delivered before may not precede this head: forget it all, and let every subscriber
   * resume from its own cursor.
   */
  record Restarted(Cursor head, RestartReason reason) implements TailOutput {}

  /**
   * The log is not (or may not be) the one that was followed, and what of it is decided is not
   * known yet: serve nothing until the next {@link Restarted}.
   */
  record Suspended(RestartReason reason) implements TailOutput {}

  /** Why it begins anew. */
  enum RestartReason {
    /** The tail has just been started. */
    STARTED,
    /**
     * The head is the same and its event is there, but on a new connection: perhaps to another
     * server, which lacks events below it.
     */
    RECONNECTED,
    /** The log is not the one that was followed: it went back in time. */
    DIVERGED,
    /** Events after the head were removed by retention before they were read. */
    RETIRED
  }
}
