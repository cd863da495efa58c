/**
 * Per-node fan-out: the ring of recent events, the index of subscriptions and the subscriber
 * stream.
 */
@NullMarked
package dev.gapless.hub;

import org.jspecify.annotations.NullMarked;
