/**
 * HTTP/1.1 on non-blocking sockets: Pekko HTTP from the bytes upwards, our own below. It knows
 * nothing of events.
 */
@NullMarked
package dev.gapless.socket;

import org.jspecify.annotations.NullMarked;
