package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a subscription, or each of its owners, stands: all events at or below a start are the
 * client's already. One common start, or one for each owner of the filter where any of them has its
 * own. Immutable, pure.
 */
final class Starts {
  /**
   * A cursor that has to be verified, and the owner it belongs to where only that owner depends on
   * it.
   */
  record Check(Optional<String> owner, Cursor cursor) {}

  private final EventFilter filter;
  private final Cursor common;
  private final Map<String, Cursor> owners;

  private Starts(EventFilter filter, Cursor common, Map<String, Cursor> owners) {
    this.filter = filter;
    this.common = common;
    this.owners = Collections.unmodifiableMap(owners);
  }

  static Starts of(
      EventFilter filter, StartPoint start, Map<String, Cursor> ownerStarts, Cursor head) {
    Cursor common = start instanceof StartPoint.At at ? at.cursor() : head;
    Map<String, Cursor> owners = new LinkedHashMap<>();
    if (filter.owners().stream().anyMatch(ownerStarts::containsKey)) {
      filter.owners().stream()
          .sorted()
          .forEach(owner -> owners.put(owner, ownerStarts.getOrDefault(owner, common)));
    }
    return new Starts(filter, common, owners);
  }

  /** The earliest of them: where reading begins. */
  Cursor earliest() {
    return owners.values().stream().min(Cursor::compareTo).orElse(common);
  }

  /** The cursors to verify before anything is read: one for all owners where they stand at one. */
  List<Check> checks() {
    if (owners.isEmpty()) {
      return List.of(new Check(Optional.empty(), common));
    }
    Set<Cursor> different = Set.copyOf(owners.values());
    if (different.size() == 1) {
      return List.of(new Check(Optional.empty(), different.iterator().next()));
    }
    List<Check> checks = new ArrayList<>();
    owners.forEach((owner, cursor) -> checks.add(new Check(Optional.of(owner), cursor)));
    return checks;
  }

  /** The starts once everything up to {@code own} has been served. */
  Starts servedUpTo(Cursor own) {
    Map<String, Cursor> later = new LinkedHashMap<>(owners);
    later.values().removeIf(start -> start.position() <= own.position());
    if (later.isEmpty()) {
      return new Starts(filter, own, Map.of());
    }
    for (String owner : owners.keySet()) {
      later.putIfAbsent(owner, own);
    }
    return new Starts(filter, own, later);
  }

  /** With a cursor's verified form in its place. */
  Starts replaceVerified(Check check, Cursor verified) {
    if (owners.isEmpty()) {
      return new Starts(filter, verified, Map.of());
    }
    Map<String, Cursor> same = new LinkedHashMap<>(owners);
    same.replaceAll((owner, cursor) -> cursor.equals(check.cursor()) ? verified : cursor);
    return new Starts(filter, common, same);
  }

  /** With one cursor (of one owner, or all that stand there) moved. */
  Starts replace(Check check, Cursor by) {
    if (owners.isEmpty() || check.owner().isEmpty()) {
      return new Starts(filter, by, Map.of());
    }
    Map<String, Cursor> moved = new LinkedHashMap<>(owners);
    moved.put(check.owner().get(), by);
    return new Starts(filter, common, moved);
  }

  /** With everything at one place. */
  Starts all(Cursor cursor) {
    return new Starts(filter, cursor, Map.of());
  }

  Matcher matcher() {
    Map<String, Long> positions = new HashMap<>();
    owners.forEach((owner, cursor) -> positions.put(owner, cursor.position()));
    return new Matcher(filter, common.position(), positions);
  }
}
