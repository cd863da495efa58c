package dev.gapless.dashboard;

import java.util.Map;

/**
 * The other nodes, as far as this one hears of them. Implementations are thread-safe and do not
 * block.
 */
public interface Peers {
  /** There are none. */
  Peers NONE =
      new Peers() {
        @Override
        public void say(String view, String series) {}

        @Override
        public Map<String, Said> heard() {
          return Map.of();
        }

        @Override
        public void drain(String node) {}
      };

  /**
   * What a node said last, as JSON that only dashboards understand.
   *
   * @param view its state
   * @param series its last minutes
   */
  record Said(String view, String series) {}

  /** What this node says of itself from now on. */
  void say(String view, String series);

  /** What the nodes said, by their names; this one may be among them. */
  Map<String, Said> heard();

  /** Asks a node to drain. */
  void drain(String node);
}
