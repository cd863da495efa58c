/**
 * The machine that attacks the promises: real PostgreSQL, real server processes, writers and
 * subscribers, faults drawn from a seed, and an oracle that compares what every subscriber got with
 * what was committed. {@link dev.gapless.torture.Torture} is its command line; docs/reliability.md
 * is what it printed. {@link dev.gapless.torture.EachFaultIsVisibleTest} shows that operators see
 * each of these faults.
 */
@NullMarked
package dev.gapless.torture;

import org.jspecify.annotations.NullMarked;
