package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.PageResult;
import dev.gapless.hub.Signal;
import dev.gapless.hub.SubscriptionControl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * The history of several users, newest first, each from its own cursor. Pages follow each other,
 * one read for each demand of the client, so a slow client costs nothing. A page that the database
 * fails is read again. For one stream.
 */
final class PerUserReverse {
  private static final int PAGE = 200;
  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);
  private static final Duration SILENCE = Duration.ofSeconds(15);

  /**
   * What is left to read.
   *
   * @param own what a client continues from: where it asked to begin, then the last event it was
   *     sent; 0 before, which is answered from the newest again
   */
  private record Rest(StartPoint start, Cursor own, long remaining, boolean closed) {
    static Rest all(StartPoint start, long limit) {
      Cursor own = start instanceof StartPoint.At at ? at.cursor() : Cursor.EARLIEST;
      return new Rest(start, own, limit, false);
    }

    Rest after(Cursor readTo, List<HubEvent> sent) {
      Cursor reached = sent.isEmpty() ? own : sent.get(sent.size() - 1).cursor();
      return new Rest(new StartPoint.At(readTo), reached, remaining - sent.size(), false);
    }

    Rest end() {
      return new Rest(start, own, 0, true);
    }
  }

  private final EventHub hub;
  private final EventFilter filter;
  private final Map<String, Long> bounds;
  private final StartPoint start;
  private final long limit;
  private final AtomicReference<Signal.@Nullable CloseReason> closing = new AtomicReference<>();

  PerUserReverse(EventHub hub, StreamQuery query, Optional<Cursor> resume) {
    this.hub = hub;
    this.filter = StreamPlan.filter(query);
    this.limit = query.limit().isPresent() ? query.limit().getAsInt() : Long.MAX_VALUE;
    Map<String, Long> below = new HashMap<>();
    Cursor highest = Cursor.EARLIEST;
    for (Map.Entry<String, Cursor> user : query.users().entrySet()) {
      Optional<Cursor> bound = earlier(user.getValue(), resume);
      if (bound.isPresent()) {
        below.put(user.getKey(), bound.get().position());
        highest = bound.get().compareTo(highest) > 0 ? bound.get() : highest;
      }
    }
    this.bounds = Map.copyOf(below);
    boolean everyoneHasOne = below.size() == query.users().size();
    boolean aheadOfTheLog = highest.isBare() && highest.compareTo(hub.head()) > 0;
    this.start = everyoneHasOne && !aheadOfTheLog ? new StartPoint.At(highest) : StartPoint.NOW;
  }

  /**
   * Emits {@link Signal.Open}, {@link Signal.Events}, {@link Signal.Reset} if the start cannot be
   * continued, and {@link Signal.Close} last. Completes after it; never fails for the database. To
   * be materialized once.
   */
  Source<Signal, SubscriptionControl> source() {
    SubscriptionControl control = reason -> closing.compareAndSet(null, reason);
    Rest all = Rest.all(start, limit);
    return Source.unfoldAsync(all, this::step)
        .mapConcat(signals -> signals)
        .prepend(Source.<Signal>single(new Signal.Open(all.own())))
        .keepAlive(SILENCE, () -> new Signal.Heartbeat(Cursor.EARLIEST, false))
        .mapMaterializedValue(ignored -> control);
  }

  private static Optional<Cursor> earlier(Cursor own, Optional<Cursor> resume) {
    // 0 is where a stream says it stands before its first event
    Optional<Cursor> resumed = resume.filter(cursor -> !cursor.isEarliest());
    if (own.isEarliest()) {
      return resumed;
    }
    return Optional.of(resumed.filter(cursor -> cursor.compareTo(own) < 0).orElse(own));
  }

  private CompletionStage<Optional<Pair<Rest, List<Signal>>>> step(Rest rest) {
    if (rest.closed()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    Signal.CloseReason reason = closing.get();
    if (reason != null) {
      return CompletableFuture.completedFuture(Optional.of(close(List.of(), reason, rest)));
    }
    int size = (int) Math.min(PAGE, rest.remaining());
    PageRequest request =
        new PageRequest(filter, rest.start(), Map.of(), size, true, Duration.ZERO);
    return page(rest, request, FIRST_RETRY).thenApply(result -> Optional.of(answer(rest, result)));
  }

  private Pair<Rest, List<Signal>> answer(Rest rest, PageResult result) {
    if (result instanceof PageResult.Lost lost) {
      // below what cannot be continued there is nothing that could be shown instead
      Signal reset =
          new Signal.Reset(
              lost.reason(),
              lost.requested(),
              lost.earliest(),
              lost.head(),
              lost.earliest(),
              Optional.empty());
      return close(List.of(reset), Signal.CloseReason.END, rest);
    }
    PageResult.Page page = (PageResult.Page) result;
    List<HubEvent> events = page.events().stream().filter(this::isBelowItsBound).toList();
    List<Signal> signals = events.isEmpty() ? List.of() : List.of(new Signal.Events(events));
    Rest next = rest.after(page.cursor(), events);
    if (next.remaining() <= 0) {
      return close(signals, Signal.CloseReason.LIMIT, next);
    }
    return page.more() ? Pair.create(next, signals) : close(signals, Signal.CloseReason.END, next);
  }

  private boolean isBelowItsBound(HubEvent event) {
    return event.position() < bounds.getOrDefault(event.event().owner(), Long.MAX_VALUE);
  }

  private static Pair<Rest, List<Signal>> close(
      List<Signal> before, Signal.CloseReason reason, Rest rest) {
    List<Signal> signals = new ArrayList<>(before);
    signals.add(new Signal.Close(reason, rest.own()));
    return Pair.create(rest.end(), signals);
  }

  private CompletionStage<PageResult> page(Rest rest, PageRequest request, Duration retry) {
    return hub.page(request)
        .handle(
            (result, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(result);
              }
              if (closing.get() != null) {
                return CompletableFuture.<PageResult>completedFuture(
                    new PageResult.Page(List.of(), rest.own(), true, true));
              }
              return CompletableFuture.supplyAsync(
                      () -> request,
                      CompletableFuture.delayedExecutor(retry.toMillis(), TimeUnit.MILLISECONDS))
                  .thenCompose(again -> page(rest, again, longer(retry)));
            })
        .thenCompose(result -> result);
  }

  private static Duration longer(Duration retry) {
    Duration doubled = retry.multipliedBy(2);
    return doubled.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : doubled;
  }
}
