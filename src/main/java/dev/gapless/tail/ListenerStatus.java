package dev.gapless.tail;

import dev.gapless.log.LastFailure;
import java.time.Instant;
import java.util.Optional;

/**
 * A moment's state of the listener. Immutable.
 *
 * @param state what it does
 * @param since since when it listens, or does not
 * @param restarts how often it failed and began anew
 * @param notifications received since start, of all nodes' writers
 * @param queueUsage how much of the cluster's queue of notifications is in use, from 0 to 1, as
 *     last looked up (with each probe)
 * @param lastFailure why it failed last
 */
public record ListenerStatus(
    State state,
    Instant since,
    long restarts,
    long notifications,
    double queueUsage,
    Optional<LastFailure> lastFailure) {

  /** What the listener does. */
  public enum State {
    /** It opens a connection and tries whether notifications arrive on it. */
    CONNECTING,
    /** Notifications arrive. */
    LISTENING,
    /**
     * The server accepts LISTEN and nothing arrives: most likely a pooler stands between. The tail
     * polls instead.
     */
    DEAF,
    /** It failed and pauses before the next try. */
    DOWN
  }
}
