package dev.gapless.homeserver;

import dev.gapless.event.Event;
import java.util.List;

/** The body of {@code GET /events/}. Pure. */
final class FeedText {
  private FeedText() {}

  /** One line an event, then the position of the last; nothing at all without events. */
  static String render(List<Event> events) {
    if (events.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder(events.size() * 96);
    for (Event event : events) {
      text.append(event.type())
          .append(' ')
          .append(PubkyUrls.of(event.owner(), event.path()))
          .append('\n');
    }
    return text.append(cursorLine(events.get(events.size() - 1).position())).toString();
  }

  /** Tells how far a page without events came. */
  static String cursorLine(long position) {
    return "cursor: " + position;
  }
}
