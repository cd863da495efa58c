package dev.gapless.cluster;

/**
 * What a node says of itself, once a second. Immutable.
 *
 * @param node its name
 * @param address of its cluster system
 * @param view its state now, as JSON
 * @param series its last minutes, as JSON
 */
public record Report(String node, String address, String view, String series)
    implements ClusterMessage {}
