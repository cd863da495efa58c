/**
 * Sends a running server what no client would, and compares its answers with what the documents
 * say. {@link dev.gapless.fuzz.FuzzTest} runs it.
 */
package dev.gapless.fuzz;
