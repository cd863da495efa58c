package dev.gapless.event;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Which events a subscription or page asks for: values of one kind are a union, the kinds
 * intersect, an empty set of a kind asks for all. Immutable and thread-safe; matching is pure.
 *
 * @param owners exact owners
 * @param paths normalised paths; one that ends in a slash selects everything below it
 * @param types exact types
 * @param erasures whether {@linkplain Event#isErasure marks} of erasures are selected, whatever
 *     their path and type; otherwise none is
 */
public record EventFilter(
    Set<String> owners, Set<String> paths, Set<String> types, boolean erasures) {
  /** Every event. */
  public static final EventFilter ALL = new EventFilter(Set.of(), Set.of(), Set.of());

  /**
   * @throws InvalidValueException if a value breaks the rule of its kind
   */
  public EventFilter {
    owners.forEach(owner -> Owners.require("owner", owner));
    types.forEach(type -> EventTypes.require("type", type));
    owners = Set.copyOf(owners);
    types = Set.copyOf(types);
    Set<String> normalized = new LinkedHashSet<>();
    for (String path : paths) {
      normalized.add(Paths.normalize("path", path));
    }
    // "/" selects everything: without a path condition the log is read by its index
    paths = normalized.contains("/") ? Set.of() : Set.copyOf(normalized);
  }

  /** Marks of erasures included. */
  public EventFilter(Set<String> owners, Set<String> paths, Set<String> types) {
    this(owners, paths, types, true);
  }

  public EventFilter withoutErasures() {
    return new EventFilter(owners, paths, types, false);
  }

  public static EventFilter ofOwner(String owner) {
    return new EventFilter(Set.of(owner), Set.of(), Set.of());
  }

  public boolean matches(Event event) {
    return matchesOwner(event.owner()) && matchesWithinOwner(event);
  }

  public boolean matchesOwner(String owner) {
    return owners.isEmpty() || owners.contains(owner);
  }

  /** As {@link #matches}, for an event whose owner is known to match. */
  public boolean matchesWithinOwner(Event event) {
    return event.isErasure()
        ? erasures
        : (types.isEmpty() || types.contains(event.type())) && matchesPath(event.path());
  }

  /** Whether every event of a matching owner matches. */
  public boolean isOwnersOnly() {
    return erasures && paths.isEmpty() && types.isEmpty();
  }

  private boolean matchesPath(String path) {
    if (paths.isEmpty()) {
      return true;
    }
    for (String filter : paths) {
      if (Paths.selects(filter, path)) {
        return true;
      }
    }
    return false;
  }
}
