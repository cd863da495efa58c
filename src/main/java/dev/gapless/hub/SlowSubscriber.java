package dev.gapless.hub;

import java.time.Duration;

/**
 * A subscriber that reads history, as an operator sees it. Immutable; tells nothing of who it is or
 * what it wants.
 *
 * @param number tells it from the others of this node
 * @param behind whether it was live and fell back because it read slowly
 * @param distance positions between what it was served up to and the head
 * @param silent how long nothing has been handed on to it
 * @param open how long it has been running
 */
public record SlowSubscriber(
    long number, boolean behind, long distance, Duration silent, Duration open) {}
