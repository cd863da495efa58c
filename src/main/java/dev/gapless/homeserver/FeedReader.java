package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.PageResult;
import dev.gapless.log.EventLog.LostReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/**
 * Fills a page of the feed. One read of the log examines a bounded number of rows and may find few
 * or none that belong here, so reads follow each other until the page is full or the log ends.
 * Thread-safe.
 */
final class FeedReader {
  // below the time after which the server gives up on a request (20 s)
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final EventFilter FILTER =
      new EventFilter(Set.of(), Set.of(StreamQuery.DEFAULT_PATH), FileEvents.TYPES)
          .withoutErasures();

  private final EventHub hub;
  private final UserDirectory users;
  private final Duration patience;

  FeedReader(EventHub hub, UserDirectory users) {
    this(hub, users, PATIENCE);
  }

  FeedReader(EventHub hub, UserDirectory users, Duration patience) {
    this.hub = hub;
    this.users = users;
    this.patience = patience;
  }

  /**
   * The text of the page; empty if the cursor can no longer be continued. Fails with the database's
   * error.
   */
  CompletionStage<Optional<String>> read(FeedQuery query) {
    if (query.limit() == 0) {
      return CompletableFuture.completedFuture(Optional.of(""));
    }
    long deadline = System.nanoTime() + patience.toNanos();
    return fill(query.after(), query.limit(), new ArrayList<>(), deadline);
  }

  private CompletionStage<Optional<String>> fill(
      Cursor after, int limit, List<Event> found, long deadline) {
    PageRequest request =
        new PageRequest(
            FILTER, new StartPoint.At(after), Map.of(), limit - found.size(), false, Duration.ZERO);
    return hub.page(request)
        .thenCompose(
            result -> {
              if (result instanceof PageResult.Lost lost) {
                return CompletableFuture.completedFuture(answerLost(lost, found));
              }
              PageResult.Page page = (PageResult.Page) result;
              return ofUsers(page.events())
                  .thenCompose(
                      events -> {
                        found.addAll(events);
                        return next(page, limit, found, deadline);
                      });
            });
  }

  private CompletionStage<Optional<String>> next(
      PageResult.Page page, int limit, List<Event> found, long deadline) {
    if (found.size() >= limit || !page.more()) {
      return CompletableFuture.completedFuture(Optional.of(FeedText.render(found)));
    }
    if (System.nanoTime() - deadline > 0) {
      // without its position an empty page would look like the end of the feed
      return CompletableFuture.completedFuture(
          Optional.of(
              found.isEmpty()
                  ? FeedText.cursorLine(page.cursor().position())
                  : FeedText.render(found)));
    }
    return fill(page.cursor(), limit, found, deadline);
  }

  private static Optional<String> answerLost(PageResult.Lost lost, List<Event> found) {
    // nothing is known of a position that was never handed out, but nothing is lost either; what
    // was found before the log changed under the reader is whole
    return lost.reason() == LostReason.AHEAD || !found.isEmpty()
        ? Optional.of(FeedText.render(found))
        : Optional.empty();
  }

  private CompletionStage<List<Event>> ofUsers(List<HubEvent> events) {
    Set<String> owners =
        events.stream()
            .map(event -> event.event().owner())
            .filter(UserKeys::isValid)
            .collect(Collectors.toSet());
    if (owners.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    return users
        .known(owners)
        .thenApply(
            known ->
                events.stream()
                    .map(HubEvent::event)
                    .filter(event -> known.contains(event.owner()))
                    .toList());
  }
}
