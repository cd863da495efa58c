/** Tests of the files. */
@NullMarked
package dev.gapless.files;

import org.jspecify.annotations.NullMarked;
