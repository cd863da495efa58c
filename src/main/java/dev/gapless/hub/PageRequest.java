package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import java.time.Duration;
import java.util.Map;

/**
 * One page of the log.
 *
 * @param start exclusive in both directions; {@link StartPoint#NOW} is the decided head
 * @param ownerStarts as in {@link Subscription}
 * @param limit most events in the page
 * @param reverse newest first
 * @param patience how long to wait for a first match (long poll); zero answers at once
 */
public record PageRequest(
    EventFilter filter,
    StartPoint start,
    Map<String, Cursor> ownerStarts,
    int limit,
    boolean reverse,
    Duration patience) {
  public PageRequest {
    ownerStarts = Map.copyOf(ownerStarts);
  }

  PageRequest withStart(StartPoint fixed) {
    return new PageRequest(filter, fixed, ownerStarts, limit, reverse, patience);
  }
}
