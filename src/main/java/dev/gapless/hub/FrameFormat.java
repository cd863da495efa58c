package dev.gapless.hub;

import org.apache.pekko.util.ByteString;

/**
 * A wire form of an event. An event is encoded at most about once per format, whoever receives it:
 * see {@link HubEvent#frame}. Implementations are stateless and thread-safe.
 */
public interface FrameFormat {
  /** How many formats there can be: each event keeps a place for each. */
  int MAX_FORMATS = 4;

  /**
   * The place of this format in an event's cache, 0 … {@link #MAX_FORMATS} − 1, unique per format.
   */
  int slot();

  /** The complete frame, id and final blank line included. Pure. */
  ByteString encode(HubEvent event);
}
