/** The event log in PostgreSQL: schema, append, reads, fingerprints, retention marks. */
@NullMarked
package dev.gapless.log;

import org.jspecify.annotations.NullMarked;
