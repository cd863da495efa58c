package dev.gapless.hub;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Live subscriptions by owner, so that an event costs what its matching subscriptions cost, however
 * many are connected. Confined to the hub's thread.
 */
final class SubscriptionIndex {
  private final Set<Subscriber> allOwners = new LinkedHashSet<>();
  private final Map<String, Set<Subscriber>> byOwner = new HashMap<>();

  void add(Subscriber subscriber) {
    if (subscriber.matcher().owners().isEmpty()) {
      allOwners.add(subscriber);
      return;
    }
    for (String owner : subscriber.matcher().owners()) {
      byOwner.computeIfAbsent(owner, any -> new LinkedHashSet<>(4)).add(subscriber);
    }
  }

  void remove(Subscriber subscriber) {
    allOwners.remove(subscriber);
    for (String owner : subscriber.matcher().owners()) {
      byOwner.computeIfPresent(
          owner,
          (name, subscribers) -> {
            subscribers.remove(subscriber);
            return subscribers.isEmpty() ? null : subscribers;
          });
    }
  }

  /**
   * Offers to each subscription its part of the batch; one that does not take it any more is
   * removed.
   */
  void offer(List<HubEvent> batch) {
    List<Subscriber> gone = new ArrayList<>(0);
    for (Subscriber subscriber : allOwners) {
      List<HubEvent> selected = subscriber.matcher().select(batch);
      if (!selected.isEmpty() && !subscriber.inbox().offer(selected)) {
        gone.add(subscriber);
      }
    }
    // staged per subscription first: a subscription to several owners must get its events in one
    // order
    Set<Subscriber> touched = new LinkedHashSet<>();
    for (HubEvent event : batch) {
      for (Subscriber subscriber : byOwner.getOrDefault(event.event().owner(), Set.of())) {
        if (subscriber.matcher().matches(event.event())) {
          subscriber.staged.add(event);
          touched.add(subscriber);
        }
      }
    }
    for (Subscriber subscriber : touched) {
      if (!subscriber.inbox().offer(subscriber.staged)) {
        gone.add(subscriber);
      }
      subscriber.staged.clear();
    }
    gone.forEach(this::remove);
  }

  /** Shuts the inboxes in which an event of the owner below the position is still pending. */
  void forget(String owner, long below) {
    List<Subscriber> holding = new ArrayList<>(allOwners);
    holding.addAll(byOwner.getOrDefault(owner, Set.of()));
    holding.removeIf(subscriber -> !subscriber.inbox().holds(owner, below));
    holding.forEach(this::remove);
    holding.forEach(subscriber -> subscriber.inbox().shut());
  }

  /**
   * Shuts every inbox and forgets all subscriptions: each finds its place again by its own cursor.
   */
  void shutAll() {
    List<Subscriber> all = new ArrayList<>(allOwners);
    byOwner.values().forEach(all::addAll);
    allOwners.clear();
    byOwner.clear();
    all.forEach(subscriber -> subscriber.inbox().shut());
  }
}
