package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a subscriber asks for. Immutable.
 *
 * @param filter which events
 * @param start where to begin, exclusive; {@link StartPoint#NOW} is fixed when the stream
 *     materializes
 * @param ownerStarts starts of single owners, in place of {@code start}
 * @param live whether to go on after the history; otherwise it ends at the head, with at least
 *     everything acknowledged before it was asked for
 * @param limit end after that many events
 * @param onReset where to continue after a reset
 * @param stallTimeout a subscriber that asks for nothing for this long counts as gone; empty: never
 */
public record Subscription(
    EventFilter filter,
    StartPoint start,
    Map<String, Cursor> ownerStarts,
    boolean live,
    OptionalLong limit,
    OnReset onReset,
    Optional<Duration> stallTimeout) {

  public Subscription {
    ownerStarts = Map.copyOf(ownerStarts);
    if (limit.isPresent() && limit.getAsLong() < 1) {
      throw new IllegalArgumentException("limit must be at least 1");
    }
  }

  /** Everything that matches, live, from {@code start}. */
  public static Subscription of(EventFilter filter, StartPoint start) {
    return new Subscription(
        filter,
        start,
        Map.of(),
        true,
        OptionalLong.empty(),
        OnReset.FROM_EARLIEST,
        Optional.empty());
  }

  public Subscription withOwnerStarts(Map<String, Cursor> starts) {
    return new Subscription(filter, start, starts, live, limit, onReset, stallTimeout);
  }

  public Subscription withLive(boolean goOn) {
    return new Subscription(filter, start, ownerStarts, goOn, limit, onReset, stallTimeout);
  }

  public Subscription withLimit(long events) {
    return new Subscription(
        filter, start, ownerStarts, live, OptionalLong.of(events), onReset, stallTimeout);
  }

  public Subscription withOnReset(OnReset policy) {
    return new Subscription(filter, start, ownerStarts, live, limit, policy, stallTimeout);
  }

  public Subscription withStallTimeout(Duration timeout) {
    return new Subscription(filter, start, ownerStarts, live, limit, onReset, Optional.of(timeout));
  }

  /**
   * The same subscription by a client that comes back with its last cursor: it wins over {@code
   * start}, and each owner begins at the later of it and the owner's own start.
   */
  public Subscription resumedAt(Cursor last) {
    Map<String, Cursor> later = new HashMap<>(ownerStarts);
    later.values().removeIf(own -> own.position() <= last.position());
    return new Subscription(
        filter, new StartPoint.At(last), later, live, limit, onReset, stallTimeout);
  }

  /** Where a subscription continues when its cursor cannot be. */
  public enum OnReset {
    FROM_EARLIEST,
    FROM_HEAD
  }
}
