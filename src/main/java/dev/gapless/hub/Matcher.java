package dev.gapless.hub;

import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which events a running subscription wants: its filter, and for each owner only what is after that
 * owner's start. Immutable.
 */
final class Matcher {
  private final EventFilter filter;
  private final long start;
  private final Map<String, Long> ownerStarts;
  private final boolean everything;

  Matcher(EventFilter filter, long start, Map<String, Long> ownerStarts) {
    this.filter = filter;
    this.start = start;
    this.ownerStarts = Map.copyOf(ownerStarts);
    this.everything =
        filter.owners().isEmpty() && filter.isOwnersOnly() && this.ownerStarts.isEmpty();
  }

  boolean matches(Event event) {
    return filter.matchesOwner(event.owner())
        && event.position() > ownerStarts.getOrDefault(event.owner(), start)
        && filter.matchesWithinOwner(event);
  }

  /** The matching ones; the same list where all match. */
  List<HubEvent> select(List<HubEvent> events) {
    if (everything && (events.isEmpty() || events.get(0).position() > start)) {
      return events;
    }
    return events.stream().filter(event -> matches(event.event())).toList();
  }

  EventFilter filter() {
    return filter;
  }

  /** Empty: all owners. */
  Set<String> owners() {
    return filter.owners();
  }
}
