/**
 * Values of the log: events, drafts, positions, cursors and filters. Immutable, validated, without
 * I/O.
 */
@NullMarked
package dev.gapless.event;

import org.jspecify.annotations.NullMarked;
