package dev.gapless.hub;

import dev.gapless.hub.SubscriptionStage.Shared;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The place of one stream in the hub: asked for, held while it is live, lost when it falls behind.
 * Keeps the node's counters true. Not thread-safe: it belongs to one running stream.
 */
final class HubPlace {
  private final Shared shared;
  private @Nullable Subscriber subscriber;
  private boolean live;
  private boolean behind;

  HubPlace(Shared shared) {
    this.shared = shared;
  }

  /**
   * Asks the hub to offer everything after {@code position}.
   *
   * @param wake as in {@link Inbox}
   * @param answer called on another thread; whether the place was given
   */
  void ask(Matcher matcher, Ring ring, long position, Runnable wake, Consumer<Boolean> answer) {
    HubSettings settings = shared.settings();
    Inbox inbox = new Inbox(settings.inboxEvents(), settings.inboxBytes(), wake);
    Subscriber asking = new Subscriber(matcher, inbox);
    subscriber = asking;
    shared.hub().get().tell(new EventHubActor.Join(asking, ring, position, answer));
  }

  void refused() {
    subscriber = null;
  }

  void given() {
    live = true;
    shared.state().live.incrementAndGet();
    setBehind(false);
  }

  /** Everything offered since; if there is nothing, the next offer wakes the stream. */
  List<HubEvent> takeOrPark() {
    return inbox().takeOrPark();
  }

  /** Also for other threads, which may see what was so a moment ago. */
  boolean isLive() {
    return live;
  }

  /** As {@link #isLive}: whether it fell back because the client did not keep up. */
  boolean isBehind() {
    return behind;
  }

  /** Whether the hub has stopped offering. */
  boolean isLost() {
    return live && inbox().isClosed();
  }

  /** Whether everything offered was taken, and offers still come. */
  boolean isIdle() {
    return live && inbox().isIdle();
  }

  private Inbox inbox() {
    Subscriber joined = subscriber;
    if (joined == null) {
      throw new IllegalStateException("no place in the hub");
    }
    return joined.inbox();
  }

  /**
   * Gives the place up, however far it has come.
   *
   * @param fellBehind whether it is because this client did not keep up
   */
  void leave(boolean fellBehind) {
    Subscriber leaving = subscriber;
    if (leaving != null) {
      subscriber = null;
      leaving.inbox().shut();
      shared.hub().get().tell(new EventHubActor.Leave(leaving));
    }
    if (live) {
      live = false;
      shared.state().live.decrementAndGet();
    }
    setBehind(fellBehind);
  }

  private void setBehind(boolean now) {
    if (behind != now) {
      behind = now;
      shared.state().behind.addAndGet(now ? 1 : -1);
    }
  }
}
