/**
 * The cluster of the nodes of one database: for their operators, never for their events. It lives
 * in an actor system of its own, so that its troubles end no stream. Optional: it needs Pekko
 * Cluster.
 */
@NullMarked
package dev.gapless.cluster;

import org.jspecify.annotations.NullMarked;
