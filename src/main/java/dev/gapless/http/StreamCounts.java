package dev.gapless.http;

import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.util.Map;

/**
 * What the event streams of a node came to since its start. Immutable.
 *
 * @param open streams there are now
 * @param bytes of all frames that were handed to connections
 * @param closed streams that the node ended, refused ones included, by what it told their clients
 * @param resets cursors that could not be continued, by reason
 */
public record StreamCounts(
    int open, long bytes, Map<CloseReason, Long> closed, Map<LostReason, Long> resets) {
  public StreamCounts {
    closed = Map.copyOf(closed);
    resets = Map.copyOf(resets);
  }
}
