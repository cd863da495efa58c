package dev.gapless.cluster;

/**
 * What a node says of itself, once a second. Immutable.
 *
 * @param node its name
 * @param address of its cluster system
 * @param view its state now, as JSON
 * @param series its last minutes, as JSON; on its way between nodes it may be left out (empty)
 */
public record Report(String node, String address, String view, String series)
    implements ClusterMessage {

  Report with(String otherSeries) {
    return new Report(node, address, view, otherSeries);
  }
}
