/** Real clients against real nodes: browsers, node, curl, Java. */
@NullMarked
package dev.gapless.clients;

import org.jspecify.annotations.NullMarked;
