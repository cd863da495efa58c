package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.hub.CatchUpReader.SharedRead;
import java.lang.ref.SoftReference;
import java.util.List;
import java.util.Optional;

/**
 * A page that one subscriber is being given, portion by portion. Whoever stops reading has one or
 * two portions on their way, and nothing else may stay in memory on his account: thousands may stop
 * at once, each in another page. So the page is referred to softly, and what is gone is read again.
 * Not thread-safe: it belongs to one running stream.
 */
final class PageRest {
  /** About as much as a connection writes at once; at least one event. */
  static final int PORTION_BYTES = 64 * 1024;

  /** Everything that matches up to {@code scannedTo} is in {@code events} or was before. */
  record Portion(List<HubEvent> events, Cursor scannedTo) {}

  private final SoftReference<SharedRead.Page> page;
  private Cursor place;
  private int given;
  private boolean ended;
  private boolean askedAhead;

  /**
   * @param place where the page begins
   */
  PageRest(SharedRead.Page page, Cursor place) {
    this.page = new SoftReference<>(page);
    this.place = place;
  }

  /**
   * The next portion for a subscriber that stands at {@code own}; empty if there is none or it
   * stands elsewhere by now.
   */
  Optional<Portion> next(Cursor own) {
    SharedRead.Page whole = page.get();
    if (whole == null || ended || !own.equals(place)) {
      return Optional.empty();
    }
    List<HubEvent> events = whole.events();
    int from = given;
    long bytes = 0;
    while (given < events.size() && bytes < PORTION_BYTES) {
      bytes += events.get(given++).weight();
    }
    ended = given == events.size();
    place = ended ? whole.scannedTo() : events.get(given - 1).cursor();
    return Optional.of(new Portion(events.subList(from, given), place));
  }

  /**
   * Where the next page begins, once, when half of this one was taken: a subscriber that takes so
   * much will want it.
   *
   * @param early not to wait for the half
   */
  Optional<Cursor> ahead(boolean early) {
    SharedRead.Page whole = page.get();
    if (askedAhead || whole == null || (!early && 2 * given < whole.events().size())) {
      return Optional.empty();
    }
    askedAhead = true;
    return Optional.of(whole.scannedTo());
  }
}
