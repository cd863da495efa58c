package dev.gapless.homeserver;

import dev.gapless.hub.HubEvent;
import dev.gapless.hub.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Leaves out what a {@link StreamPlan} skips and counts the limit itself. Keeps the state of one
 * stream: not thread-safe.
 */
final class SkippingStream {
  private final Map<String, Long> skips;
  private long remaining;

  SkippingStream(Map<String, Long> skips, OptionalLong limit) {
    this.skips = skips;
    this.remaining = limit.orElse(Long.MAX_VALUE);
  }

  /** What to send in place of a signal; nothing after a {@link Signal.Close}. */
  List<Signal> apply(Signal signal) {
    if (!(signal instanceof Signal.Events events)) {
      return List.of(signal);
    }
    List<HubEvent> kept = new ArrayList<>();
    for (HubEvent event : events.events()) {
      if (remaining > 0
          && event.position() > skips.getOrDefault(event.event().owner(), Long.MIN_VALUE)) {
        kept.add(event);
        remaining--;
      }
    }
    if (kept.isEmpty()) {
      return List.of();
    }
    Signal served = new Signal.Events(kept);
    return remaining > 0
        ? List.of(served)
        : List.of(
            served, new Signal.Close(Signal.CloseReason.LIMIT, kept.get(kept.size() - 1).cursor()));
  }
}
