package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.HubState.Delivered;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.ReadResult;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Pages for clients that do not stream. A page is bounded by the decided head, after the head has
 * passed everything that was visible when the page was asked for. Thread-safe.
 */
final class PageReader {
  private final SubscriptionStage.Shared shared;

  PageReader(SubscriptionStage.Shared shared) {
    this.shared = shared;
  }

  CompletionStage<PageResult> read(PageRequest request) {
    if (shared.state().delivered().isEmpty()) {
      return CompletableFuture.failedFuture(undecided());
    }
    return shared
        .catchUp()
        .highestVisible()
        .thenCompose(
            highest -> {
              shared.wakeTail().run();
              return awaitHead(highest.orElse(0), shared.settings().readPatience());
            })
        .thenCompose(reached -> readDecided(request, !reached));
  }

  private CompletionStage<PageResult> readDecided(PageRequest request, boolean behind) {
    Optional<Delivered> decided = shared.state().delivered();
    if (decided.isEmpty()) {
      return CompletableFuture.failedFuture(undecided());
    }
    Delivered now = decided.get();
    Starts starts = Starts.of(request.filter(), request.start(), request.ownerStarts(), now.head());
    return verify(request, starts, starts.checks().iterator(), now, behind);
  }

  private CompletionStage<PageResult> verify(
      PageRequest request,
      Starts starts,
      Iterator<Starts.Check> checks,
      Delivered now,
      boolean behind) {
    if (!checks.hasNext()) {
      return readVerified(request, starts, now, behind);
    }
    Starts.Check check = checks.next();
    if (check.cursor().isEarliest() || check.cursor().equals(now.head())) {
      return verify(request, starts, checks, now, behind);
    }
    return shared
        .catchUp()
        .checkNow(check.cursor(), now.head())
        .thenCompose(
            answer -> {
              if (answer instanceof CursorCheck.Lost lost) {
                return done(
                    new PageResult.Lost(
                        lost.reason(), check.cursor(), lost.earliest(), now.head()));
              }
              Cursor verified =
                  answer instanceof CursorCheck.Valid valid ? valid.verified() : check.cursor();
              if (request.reverse() && verified.compareTo(check.cursor()) < 0) {
                // nothing is at the bare position itself; what is below it comes first
                verified = check.cursor();
              }
              return verify(request, starts.replaceVerified(check, verified), checks, now, behind);
            });
  }

  private CompletionStage<PageResult> readVerified(
      PageRequest request, Starts starts, Delivered now, boolean behind) {
    Cursor start = starts.earliest();
    if (!request.reverse() && start.compareTo(now.head()) >= 0) {
      return done(new PageResult.Page(List.of(), start, false, behind));
    }
    if (request.reverse() && request.start() instanceof StartPoint.Now) {
      // below the head, the head's own event included
      start = Cursor.bare(Long.MAX_VALUE);
    }
    return shared
        .catchUp()
        .readOnce(start, now.head(), request.filter(), request.limit(), request.reverse())
        .thenApply(result -> answer(request, starts, now, behind, result));
  }

  private static PageResult answer(
      PageRequest request, Starts starts, Delivered now, boolean behind, ReadResult result) {
    if (result instanceof ReadResult.Lost lost) {
      return new PageResult.Lost(lost.reason(), starts.earliest(), lost.earliest(), now.head());
    }
    ReadResult.Page page = (ReadResult.Page) result;
    List<HubEvent> events = page.events().stream().map(HubEvent::new).toList();
    if (!request.reverse()) {
      events = starts.matcher().select(events);
    }
    return new PageResult.Page(events, page.scannedTo(), !page.complete(), behind);
  }

  private static IllegalStateException undecided() {
    return new IllegalStateException("the head is not decided yet");
  }

  private CompletionStage<Boolean> awaitHead(long position, Duration patience) {
    CompletableFuture<Boolean> reached = new CompletableFuture<>();
    shared.hub().get().tell(new EventHubActor.AwaitHead(position, patience, reached::complete));
    return reached;
  }

  private static CompletionStage<PageResult> done(PageResult result) {
    return CompletableFuture.completedFuture(result);
  }
}
