package dev.gapless.hub;

import dev.gapless.event.Cursor;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.stream.javadsl.Source;

/** What this node offers to subscribers: streams and pages of the decided log. Thread-safe. */
public interface EventHub {

  /**
   * A subscription as a stream. Each materialization is a subscription of its own.
   *
   * <p><b>Emits when</b> there is something to tell and demand: first {@link Signal.Open}; pending
   * events in one element.
   *
   * <p><b>Backpressures</b> without limit in time: a subscriber that is slow falls back to reading
   * the log from where it stands and costs bounded memory.
   *
   * <p><b>Completes when</b> the limit or the end of the history is reached, or after {@link
   * Signal.Close}.
   *
   * <p><b>Fails when</b> never for reasons of the log or the database: those are retried inside.
   */
  Source<Signal, SubscriptionControl> subscribe(Subscription subscription);

  /**
   * Reads one page, complete up to everything acknowledged before the call, or after two seconds
   * what is decided. Fails with {@link IllegalStateException} before the first head is decided, and
   * with {@link java.sql.SQLException} (wrapped) if the database fails.
   */
  CompletionStage<PageResult> page(PageRequest request);

  /**
   * The last event at or below the decided head, or 0. {@code isReady} tells whether it is known
   * yet.
   */
  Cursor head();

  /** Whether the head is decided and this node follows the log. */
  boolean isReady();

  /** A moment's state, for status and metrics. */
  HubStatus status();

  /**
   * Ends all subscriptions with {@code drain}, spread evenly over the given time, and refuses new
   * ones.
   */
  CompletionStage<org.apache.pekko.Done> drain(Duration spread);
}
