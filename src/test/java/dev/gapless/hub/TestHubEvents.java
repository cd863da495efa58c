package dev.gapless.hub;

import dev.gapless.event.Event;

/** Hub events for the tests of what renders them. */
public final class TestHubEvents {
  private TestHubEvents() {}

  public static HubEvent of(Event event) {
    return new HubEvent(event);
  }
}
