/**
 * The ready server: command line, embedded PostgreSQL, start and stop. An application that embeds
 * Gapless needs nothing from here.
 */
@NullMarked
package dev.gapless.server;

import org.jspecify.annotations.NullMarked;
