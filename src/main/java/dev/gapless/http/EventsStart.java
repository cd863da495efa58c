package dev.gapless.http;

import dev.gapless.event.Cursor;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.Subscription;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where what a query asks for begins. Pure. */
final class EventsStart {
  private EventsStart() {}

  /** Ascending: a resume wins, and each owner begins at the later of it and its own cursor. */
  static Subscription subscription(EventsQuery query, StartPoint absent, Duration stallTimeout) {
    Subscription first =
        new Subscription(
            query.filter(),
            query.after().orElse(absent),
            query.ownerCursors(),
            query.live(),
            query.limit(),
            query.onReset(),
            Optional.of(stallTimeout));
    return query.resume().map(first::resumedAt).orElse(first);
  }

  /** As {@link #subscription}, for a page; newest first all owners begin at one place. */
  static PageRequest page(EventsQuery query, int limit) {
    if (query.reverse()) {
      return new PageRequest(
          query.filter(), backwards(query), Map.of(), limit, true, query.patience());
    }
    Subscription from = subscription(query, StartPoint.EARLIEST, Duration.ofDays(1));
    return new PageRequest(
        query.filter(), from.start(), from.ownerStarts(), limit, false, query.patience());
  }

  /**
   * Where to begin newest first.
   *
   * @throws InvalidValueException if owners would begin at different places
   */
  static StartPoint backwards(EventsQuery query) {
    if (query.resume().isPresent()) {
      return new StartPoint.At(query.resume().get());
    }
    Set<Optional<Cursor>> starts = new HashSet<>(query.owners().values());
    if (starts.size() > 1) {
      throw InvalidValueException.of("owner", "newest first, all owners begin at one cursor");
    }
    return starts.stream()
        .findFirst()
        .flatMap(own -> own)
        .<StartPoint>map(StartPoint.At::new)
        .orElseGet(() -> query.after().orElse(StartPoint.NOW));
  }

  /**
   * A cursor that a refused client may come back with, if there is one that loses nothing.
   *
   * @param hub whose head is {@code now}, where it is known
   */
  static Optional<Cursor> comeBack(EventsQuery query, EventHub hub) {
    if (query.resume().isPresent()) {
      return query.resume();
    }
    if (query.reverse() || !query.ownerCursors().isEmpty()) {
      return Optional.empty();
    }
    if (query.after().isPresent() && query.after().get() instanceof StartPoint.At at) {
      return Optional.of(at.cursor());
    }
    return hub.isReady() ? Optional.of(hub.head()) : Optional.empty();
  }
}
