/** The HTTP face that clients of the existing homeserver speak. */
@NullMarked
package dev.gapless.homeserver;

import org.jspecify.annotations.NullMarked;
