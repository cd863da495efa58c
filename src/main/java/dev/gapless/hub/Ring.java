package dev.gapless.hub;

import dev.gapless.event.Cursor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The most recent decided events, bounded by count and bytes. One thread (the hub's) appends; any
 * thread reads without waiting.
 *
 * <p>A reader copies slots and then looks at the floor again: a slot is overwritten only after the
 * floor has passed it, so an unmoved floor proves that what was copied was the sequence asked for
 * (a seqlock; events themselves are immutable). One ring belongs to one history of the log: when
 * the log goes back in time the hub starts a new ring, and readers notice by identity.
 */
final class Ring {
  private final AtomicReferenceArray<HubEvent> slots;
  private final int mask;
  private final long maxBytes;

  // written by the hub's thread only; read elsewhere for status
  private volatile long bytes;
  private volatile long end;
  private volatile Floor floor;

  /** Everything after {@code cursor} is at sequence numbers {@code sequence} and above. */
  private record Floor(long sequence, Cursor cursor) {}

  Ring(int capacity, long maxBytes, Cursor head) {
    int size = Math.max(2, Integer.highestOneBit(Math.max(1, capacity - 1)) << 1);
    this.slots = new AtomicReferenceArray<>(size);
    this.mask = size - 1;
    this.maxBytes = maxBytes;
    this.floor = new Floor(0, head);
  }

  /** Appends the next decided event; the oldest ones give way. */
  void append(HubEvent event) {
    long sequence = end;
    bytes += event.weight();
    if (sequence - floor.sequence() > mask) {
      evictOldest();
    }
    // the newest event stays even if it alone is above the limit
    while (bytes > maxBytes && floor.sequence() < sequence) {
      evictOldest();
    }
    slots.setRelease((int) sequence & mask, event);
    end = sequence + 1;
  }

  /** Nothing of the owner below the position stays; what is older than that goes as well. */
  void forget(String owner, long below) {
    long oldestKept = floor.sequence();
    for (long sequence = oldestKept; sequence < end; sequence++) {
      HubEvent event = slots.getPlain((int) sequence & mask);
      if (event.position() >= below) {
        break;
      }
      if (event.event().owner().equals(owner)) {
        oldestKept = sequence + 1;
      }
    }
    while (floor.sequence() < oldestKept) {
      evictOldest();
    }
  }

  private void evictOldest() {
    Floor oldest = floor;
    int slot = (int) oldest.sequence() & mask;
    HubEvent event = slots.getPlain(slot);
    bytes -= event.weight();
    floor = new Floor(oldest.sequence() + 1, event.cursor());
    slots.setRelease(slot, null);
  }

  /** Everything after this cursor is in the ring. */
  Cursor floor() {
    return floor.cursor();
  }

  int size() {
    return (int) (end - floor.sequence());
  }

  long bytes() {
    return bytes;
  }

  /**
   * The next events after a position, at most {@code limit} and about {@code maxBytes} of them (at
   * least one); empty if the ring no longer reaches back that far. An empty list means the position
   * is at the end of the ring.
   */
  Optional<List<HubEvent>> after(long position, int limit, long maxBytes) {
    while (true) {
      Floor before = floor;
      if (position < before.cursor().position()) {
        return Optional.empty();
      }
      long last = end;
      long first = firstAfter(position, before.sequence(), last);
      if (first >= 0) {
        List<HubEvent> events = new ArrayList<>((int) Math.min(limit, last - first));
        if (copy(first, Math.min(last, first + limit), maxBytes, events)
            && floor.sequence() <= first) {
          return Optional.of(events);
        }
      }
      // overtaken while reading: the floor has moved, look again
    }
  }

  /** The event at a position, if it is in the ring. */
  Optional<HubEvent> find(long position) {
    if (position < 1) {
      return Optional.empty();
    }
    return after(position - 1, 1, 1)
        .flatMap(events -> events.stream().findFirst())
        .filter(event -> event.position() == position);
  }

  /**
   * The first sequence number in [from, to) whose event is after the position; -1 if a slot was
   * taken away.
   */
  private long firstAfter(long position, long from, long to) {
    long low = from;
    long high = to;
    while (low < high) {
      long middle = (low + high) >>> 1;
      HubEvent event = slots.getAcquire((int) middle & mask);
      if (event == null) {
        return -1;
      }
      if (event.position() > position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private boolean copy(long from, long to, long maxBytes, List<HubEvent> events) {
    long taken = 0;
    for (long sequence = from; sequence < to && taken < maxBytes; sequence++) {
      HubEvent event = slots.getAcquire((int) sequence & mask);
      if (event == null) {
        return false;
      }
      events.add(event);
      taken += event.weight();
    }
    return true;
  }
}
