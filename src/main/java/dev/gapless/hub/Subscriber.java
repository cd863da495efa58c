package dev.gapless.hub;

import java.util.ArrayList;
import java.util.List;

/**
 * One subscription as the hub sees it. {@code staged} belongs to the hub's thread: what the batch
 * in hand holds for this subscription.
 */
final class Subscriber {
  private final Matcher matcher;
  private final Inbox inbox;
  final List<HubEvent> staged = new ArrayList<>(0);

  Subscriber(Matcher matcher, Inbox inbox) {
    this.matcher = matcher;
    this.inbox = inbox;
  }

  Matcher matcher() {
    return matcher;
  }

  Inbox inbox() {
    return inbox;
  }
}
