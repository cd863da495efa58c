/** The load tool that measures what docs/benchmarks.md says; it judges completeness as well. */
@org.jspecify.annotations.NullMarked
package dev.gapless.bench;
