/** Following the log: the listener that wakes, and the tail that decides the gap-free prefix. */
@NullMarked
package dev.gapless.tail;

import org.jspecify.annotations.NullMarked;
