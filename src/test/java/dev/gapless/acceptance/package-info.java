/** What Gapless promises, shown with real server processes, a real PostgreSQL and real sockets. */
@NullMarked
package dev.gapless.acceptance;

import org.jspecify.annotations.NullMarked;
