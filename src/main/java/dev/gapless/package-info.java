/** Gapless: gap-free Server-Sent Events out of PostgreSQL, embedded in a Pekko application. */
@NullMarked
package dev.gapless;

import org.jspecify.annotations.NullMarked;
