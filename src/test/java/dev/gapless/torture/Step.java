package dev.gapless.torture;

import java.time.Duration;

/**
 * One fault of a schedule.
 *
 * @param number its place in the schedule as it was drawn
 * @param at after the begin of the run
 * @param node the node it is about, from 0; taken modulo the nodes there are
 * @param argument what else a fault needs to be drawn from, such as a number of bytes
 */
record Step(int number, Duration at, Duration lasts, FaultKind kind, int node, long argument) {
  @Override
  public String toString() {
    return "%d: %s at %d ms for %d ms on node %d"
        .formatted(number, kind, at.toMillis(), lasts.toMillis(), node);
  }
}
