package dev.gapless.hub;

import java.util.ArrayList;
import java.util.List;

/**
 * The bounded hand-over from the hub to one subscriber stream. The hub offers, the stream takes;
 * whichever comes second finds what the first left. When the stream does not keep up, the inbox
 * forgets everything and says so: the stream then reads the log from its own position. Thread-safe
 * (short critical sections; the hub is the only producer).
 */
final class Inbox {
  private final int maxEvents;
  private final long maxBytes;
  private final Runnable wake;

  private List<HubEvent> pending = new ArrayList<>(0);
  private long bytes;
  private boolean parked;
  private boolean closed;

  /**
   * @param wake run by the hub's thread when a parked stream has something to take, and when the
   *     inbox closes, whether the stream asks for anything or not
   */
  Inbox(int maxEvents, long maxBytes, Runnable wake) {
    this.maxEvents = maxEvents;
    this.maxBytes = maxBytes;
    this.wake = wake;
  }

  /** Returns false if the stream is too far behind (or gone): it no longer receives offers. */
  boolean offer(List<HubEvent> events) {
    boolean accepted;
    synchronized (this) {
      if (closed) {
        return false;
      }
      long added = 0;
      for (HubEvent event : events) {
        added += event.weight();
      }
      // one offer always fits an empty inbox: the events are the ring's own objects
      accepted =
          pending.isEmpty()
              || (pending.size() + events.size() <= maxEvents && bytes + added <= maxBytes);
      if (accepted) {
        pending.addAll(events);
        bytes += added;
        if (!parked) {
          return true;
        }
        parked = false;
      } else {
        close();
      }
    }
    wake.run();
    return accepted;
  }

  /**
   * The hub no longer serves this inbox: what it holds is forgotten, and the stream must find its
   * place again.
   */
  void shut() {
    synchronized (this) {
      if (closed) {
        return;
      }
      close();
    }
    wake.run();
  }

  private void close() {
    closed = true;
    parked = false;
    pending = new ArrayList<>(0);
    bytes = 0;
  }

  /**
   * Takes everything pending; if there is nothing and the inbox is open, the next offer wakes the
   * stream.
   */
  synchronized List<HubEvent> takeOrPark() {
    if (pending.isEmpty()) {
      parked = !closed;
      return List.of();
    }
    List<HubEvent> taken = pending;
    pending = new ArrayList<>(0);
    bytes = 0;
    return taken;
  }

  /** Whether an event of the owner below the position is pending. */
  synchronized boolean holds(String owner, long below) {
    return pending.stream()
        .anyMatch(event -> event.position() < below && event.event().owner().equals(owner));
  }

  /** Whether nothing is pending and offers still arrive. */
  synchronized boolean isIdle() {
    return pending.isEmpty() && !closed;
  }

  synchronized boolean isClosed() {
    return closed;
  }
}
