package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.log.EventLog.LostReason;
import java.util.List;

/** The answer to a {@link PageRequest}. */
public sealed interface PageResult {

  /**
   * @param cursor what the page is complete up to
   * @param more whether there may be more in this direction
   * @param behind whether something acknowledged before the request is still undecided
   */
  record Page(List<HubEvent> events, Cursor cursor, boolean more, boolean behind)
      implements PageResult {
    public Page {
      events = List.copyOf(events);
    }
  }

  /** The start cannot be continued. */
  record Lost(LostReason reason, Cursor requested, Cursor earliest, Cursor head)
      implements PageResult {}
}
