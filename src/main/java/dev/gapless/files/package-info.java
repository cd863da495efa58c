/** Files whose contents and events commit together. */
@NullMarked
package dev.gapless.files;

import org.jspecify.annotations.NullMarked;
