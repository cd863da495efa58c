package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.Subscription;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a forward stream is served: what to ask of the hub, and what to leave out of its answer.
 *
 * <p>A bare cursor above the log waits here, where the hub would reset it: clients of this API keep
 * bare positions and know no reset. Such a start is replaced by the head, and events up to the
 * position asked for are skipped.
 *
 * @param skips for each user the position up to which its events are left out
 * @param limit if there are skips the hub cannot count for us
 */
record StreamPlan(Subscription subscription, Map<String, Long> skips, OptionalLong limit) {

  static StreamPlan of(
      StreamQuery query, Optional<Cursor> resume, Cursor head, Duration stallTimeout) {
    Cursor start = resume.orElse(Cursor.EARLIEST);
    Map<String, Cursor> ownerStarts = new HashMap<>();
    Map<String, Long> skips = new HashMap<>();
    query
        .users()
        .forEach(
            (user, own) -> {
              // the later of the two; a resumed cursor of the same place is the verified one
              Cursor from = own.compareTo(start) > 0 ? own : start;
              if (from.isBare() && from.compareTo(head) > 0) {
                skips.put(user, from.position());
                ownerStarts.put(user, head);
              } else if (own.compareTo(start) > 0) {
                ownerStarts.put(user, own);
              }
            });
    Cursor common = start.isBare() && start.compareTo(head) > 0 ? head : start;
    OptionalLong limit =
        query.limit().isPresent()
            ? OptionalLong.of(query.limit().getAsInt())
            : OptionalLong.empty();
    Subscription subscription =
        Subscription.of(filter(query), new StartPoint.At(common))
            .withOwnerStarts(ownerStarts)
            .withLive(query.live())
            .withStallTimeout(stallTimeout);
    if (skips.isEmpty() && limit.isPresent()) {
      subscription = subscription.withLimit(limit.getAsLong());
    }
    return new StreamPlan(subscription, Map.copyOf(skips), limit);
  }

  static EventFilter filter(StreamQuery query) {
    return new EventFilter(query.users().keySet(), query.paths(), FileEvents.TYPES)
        .withoutErasures();
  }
}
