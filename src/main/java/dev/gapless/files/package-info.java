/**
 * Files whose contents and events commit together. Enter at {@link dev.gapless.files.FileStore};
 * the tables are in {@code V1__files.sql}.
 */
@NullMarked
package dev.gapless.files;

import org.jspecify.annotations.NullMarked;
