/**
 * What a node tells Micrometer about itself. Optional: an application without Micrometer does not
 * need this package, and nothing else refers to it.
 */
@NullMarked
package dev.gapless.metrics;

import org.jspecify.annotations.NullMarked;
