/** The log goes back in time, or to another server, under real nodes with real clients. */
@NullMarked
package dev.gapless.failover;

import org.jspecify.annotations.NullMarked;
