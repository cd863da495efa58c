/** What the tests of every package share: real PostgreSQL processes and helpers around them. */
@NullMarked
package dev.gapless.testkit;

import org.jspecify.annotations.NullMarked;
