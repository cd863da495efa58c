/** The supervision dashboard: what a node does, as a page that Gapless itself keeps up to date. */
@NullMarked
package dev.gapless.dashboard;

import org.jspecify.annotations.NullMarked;
