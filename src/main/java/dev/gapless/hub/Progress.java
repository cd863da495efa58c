package dev.gapless.hub;

import dev.gapless.event.Cursor;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far one subscription has been served, and what of a read it still has to get. Not
 * thread-safe: it belongs to one running stream.
 */
final class Progress {
  private final Subscription wanted;
  private long remaining;
  private Starts starts;
  private Matcher matcher;
  private Cursor own;
  private @Nullable Cursor end;

  Progress(Subscription wanted) {
    this.wanted = wanted;
    this.remaining = wanted.limit().orElse(Long.MAX_VALUE);
    this.starts = startsAt(Cursor.EARLIEST);
    this.own = starts.earliest();
    this.matcher = starts.matcher();
  }

  private Starts startsAt(Cursor head) {
    return Starts.of(wanted.filter(), wanted.start(), wanted.ownerStarts(), head);
  }

  /** Fixes what "now" means. */
  void begin(Cursor head) {
    starts = startsAt(head);
    own = starts.earliest();
  }

  /** The own position: everything matching at or below it was handed on. */
  Cursor own() {
    return own;
  }

  Matcher matcher() {
    return matcher;
  }

  // --- verifying ---

  /** What has to be verified before reading (on). */
  Iterator<Starts.Check> checks() {
    return starts.checks().iterator();
  }

  void verified(Starts.Check check, Cursor cursor) {
    starts = starts.replaceVerified(check, cursor);
  }

  /** From here on the own position is what the reset's frame tells the client. */
  void reset(Starts.Check check, Cursor continuesAt) {
    starts = starts.replace(check, continuesAt);
    own = starts.earliest();
  }

  /** All checks are done: reading begins at the earliest start. */
  void settle() {
    own = starts.earliest();
    matcher = starts.matcher();
  }

  /**
   * The history of the log may have changed: what was served so far is what has to be verified.
   *
   * @param told the last cursor the client was given. What was looked at since held nothing for it,
   *     so it goes on from there if that is lost; a bare cursor could not be verified
   */
  void reopen(Cursor told) {
    if (told.isEarliest() || (!told.isBare() && told.compareTo(own) < 0)) {
      own = told;
    }
    starts = starts.servedUpTo(own);
    end = null;
  }

  // --- serving ---

  /** Ends the subscription at this place. */
  void endAt(Cursor last) {
    end = last;
  }

  boolean needsEnd() {
    return !wanted.live() && end == null;
  }

  boolean isAtEnd() {
    return end != null && own.compareTo(end) >= 0;
  }

  boolean isLimitReached() {
    return remaining == 0;
  }

  /** How far a read may go, given the head. */
  Cursor bound(Cursor head) {
    return end == null ? head : end;
  }

  /**
   * What of a read has to be handed on; moves the own position.
   *
   * @param events ascending, all after the own position or in part known
   * @param scannedTo everything that matches after the own position up to here is in {@code events}
   */
  List<HubEvent> serve(List<HubEvent> events, Cursor scannedTo) {
    List<HubEvent> matching = matcher.select(after(own.position(), events));
    Cursor servedTo = scannedTo;
    Cursor last = end;
    if (last != null && scannedTo.compareTo(last) > 0) {
      matching = matching.stream().filter(e -> e.position() <= last.position()).toList();
      servedTo = last;
    }
    if (wanted.limit().isPresent()) {
      matching = counted(matching);
      if (isLimitReached()) {
        servedTo = matching.get(matching.size() - 1).cursor();
      }
    }
    own = servedTo;
    return matching;
  }

  /** Up to the last one that is within the limit. Marks of erasures do not count. */
  private List<HubEvent> counted(List<HubEvent> matching) {
    for (int i = 0; i < matching.size(); i++) {
      if (!matching.get(i).event().isErasure() && --remaining == 0) {
        return matching.subList(0, i + 1);
      }
    }
    return matching;
  }

  private static List<HubEvent> after(long position, List<HubEvent> events) {
    if (events.isEmpty() || events.get(0).position() > position) {
      return events;
    }
    return events.stream().filter(event -> event.position() > position).toList();
  }

  /** Nothing matched up to this head. */
  void servedUpTo(Cursor head) {
    own = head;
  }
}
