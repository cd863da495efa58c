/** The native HTTP face: frames, pages, publishing, authorisation and health. */
@NullMarked
package dev.gapless.http;

import org.jspecify.annotations.NullMarked;
