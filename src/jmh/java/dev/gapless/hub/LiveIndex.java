package dev.gapless.hub;

import com.typesafe.config.ConfigFactory;
import dev.gapless.event.EventFilter;
import java.util.List;
import java.util.Map;

/**
 * An index whose subscribers keep up: each is parked, and takes what it is woken for at once, in
 * the thread that offers. Inboxes that nobody empties would close, and the index would forget them.
 */
final class LiveIndex {
  private final HubSettings settings =
      HubSettings.create(ConfigFactory.defaultReference().getConfig("gapless"));
  private final SubscriptionIndex index = new SubscriptionIndex();
  private long taken;

  void subscribe(EventFilter filter) {
    Reader reader = new Reader();
    reader.run();
    index.add(new Subscriber(new Matcher(filter, 0, Map.of()), reader.inbox));
  }

  /**
   * Returns how many events have been taken so far.
   *
   * @param deliveries of this batch; an index that had lost subscribers would only look fast
   */
  long offer(List<HubEvent> batch, int deliveries) {
    long before = taken;
    index.offer(batch);
    if (taken - before != deliveries) {
      throw new IllegalStateException(taken - before + " deliveries instead of " + deliveries);
    }
    return taken;
  }

  private final class Reader implements Runnable {
    private final Inbox inbox = new Inbox(settings.inboxEvents(), settings.inboxBytes(), this);

    @Override
    public void run() {
      taken += inbox.takeOrPark().size();
      inbox.takeOrPark();
    }
  }
}
