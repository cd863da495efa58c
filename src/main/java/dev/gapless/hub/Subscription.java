package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a subscriber asks for. Immutable.
 *
 * @param filter which events
 * @param start where to begin, exclusive; {@link StartPoint#NOW} is fixed when the stream
 *     materializes
 * @param ownerStarts later starts of single owners: an owner begins at the later of {@code start}
 *     and its own; with a start of {@link StartPoint#EARLIEST} these alone decide for the owners
 *     they name
 * @param live whether to go on after the history; otherwise it ends at the head, with at least
 *     everything acknowledged before it was asked for
 * @param limit end after that many events
 * @param onReset where to continue after a reset
 */
public record Subscription(
    EventFilter filter,
    StartPoint start,
    Map<String, Cursor> ownerStarts,
    boolean live,
    OptionalLong limit,
    OnReset onReset) {

  public Subscription {
    ownerStarts = Map.copyOf(ownerStarts);
    if (limit.isPresent() && limit.getAsLong() < 1) {
      throw new IllegalArgumentException("limit must be at least 1");
    }
  }

  /** Everything that matches, live, from {@code start}. */
  public static Subscription of(EventFilter filter, StartPoint start) {
    return new Subscription(
        filter, start, Map.of(), true, OptionalLong.empty(), OnReset.FROM_EARLIEST);
  }

  public Subscription withOwnerStarts(Map<String, Cursor> starts) {
    return new Subscription(filter, start, starts, live, limit, onReset);
  }

  public Subscription withLive(boolean goOn) {
    return new Subscription(filter, start, ownerStarts, goOn, limit, onReset);
  }

  public Subscription withLimit(long events) {
    return new Subscription(filter, start, ownerStarts, live, OptionalLong.of(events), onReset);
  }

  public Subscription withOnReset(OnReset policy) {
    return new Subscription(filter, start, ownerStarts, live, limit, policy);
  }

  /** Where a subscription continues when its cursor cannot be. */
  public enum OnReset {
    FROM_EARLIEST,
    FROM_HEAD
  }
}
