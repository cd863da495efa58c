package dev.gapless.http;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.PageResult;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionControl;
import dev.gapless.log.EventLog.LostReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.NotUsed;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.javadsl.Source;

/**
 * A finite stream, newest first: pages of the hub one after the other, each read when the client
 * asks for it. It ends with {@link CloseReason#LIMIT} or {@link CloseReason#END}; with {@link
 * CloseReason#ERROR} if the database fails, and the client comes back to where it was. After an end
 * there is nothing to come back to, so its cursor is {@link Cursor#EARLIEST}.
 */
public final class ReverseStream {
  private static final int PAGE = 100;

  private final EventHub hub;
  private final EventFilter filter;
  private final StartPoint first;
  private final OptionalLong limit;
  private volatile Optional<CloseReason> closed = Optional.empty();

  private ReverseStream(EventHub hub, EventFilter filter, StartPoint first, OptionalLong limit) {
    this.hub = hub;
    this.filter = filter;
    this.first = first;
    this.limit = limit;
  }

  /**
   * The signals of such a stream. Without a cursor to begin at there is no {@link Signal.Open}: its
   * id would make a client that lost the connection skip the newest event. A {@link Signal.Close}
   * that comes first has no position to come back to: its cursor says nothing.
   *
   * @param start exclusive; {@link StartPoint#NOW} includes the newest event
   * @param limit most events in all
   */
  public static Source<Signal, SubscriptionControl> create(
      EventHub hub, EventFilter filter, StartPoint start, OptionalLong limit) {
    return Source.lazySource(() -> new ReverseStream(hub, filter, start, limit).signals())
        .mapMaterializedValue(
            started -> reason -> started.thenAccept(control -> control.close(reason)));
  }

  private Source<Signal, SubscriptionControl> signals() {
    Source<Signal, NotUsed> pages =
        Source.unfoldAsync(
                Step.first(first),
                step ->
                    step.ended()
                        ? CompletableFuture.<Optional<Pair<Step, List<Signal>>>>completedFuture(
                            Optional.empty())
                        : next(step).thenApply(Optional::of))
            .mapConcat(signals -> signals);
    Source<Signal, NotUsed> opened =
        first instanceof StartPoint.At at
            ? Source.<Signal>single(new Signal.Open(at.cursor())).concat(pages)
            : pages;
    return opened.mapMaterializedValue(unused -> reason -> closed = Optional.of(reason));
  }

  private CompletionStage<Pair<Step, List<Signal>>> next(Step step) {
    Optional<CloseReason> asked = closed;
    if (asked.isPresent()) {
      return CompletableFuture.completedFuture(end(step, List.of(), asked.get()));
    }
    long left = limit.orElse(Long.MAX_VALUE) - step.delivered();
    PageRequest request =
        new PageRequest(
            filter, step.start(), Map.of(), (int) Math.min(PAGE, left), true, Duration.ZERO);
    return hub.page(request)
        .thenApply(result -> turn(step, result))
        .exceptionally(failure -> end(step, List.of(), CloseReason.ERROR));
  }

  private Pair<Step, List<Signal>> turn(Step step, PageResult result) {
    if (result instanceof PageResult.Lost lost) {
      boolean cameDown = !step.start().equals(first);
      if (cameDown && lost.reason() == LostReason.RETENTION) {
        return end(step, List.of(), CloseReason.END);
      }
      // a client that is cut off before the next event has to come back to this once more: with the
      // head, which is exclusive, it would miss the newest event
      Signal reset =
          new Signal.Reset(
              lost.reason(),
              lost.requested(),
              lost.earliest(),
              lost.head(),
              lost.requested(),
              Optional.empty());
      // newest first has nothing to continue from but the head
      return Pair.create(step.at(StartPoint.NOW), List.of(reset));
    }
    PageResult.Page page = (PageResult.Page) result;
    Step after = step.after(page);
    List<Signal> signals = new ArrayList<>();
    if (!page.events().isEmpty()) {
      signals.add(new Signal.Events(page.events()));
    }
    if (limit.isPresent() && after.delivered() >= limit.getAsLong()) {
      return end(after, signals, CloseReason.LIMIT);
    }
    return page.more() ? Pair.create(after, signals) : end(after, signals, CloseReason.END);
  }

  private static Pair<Step, List<Signal>> end(Step step, List<Signal> signals, CloseReason reason) {
    List<Signal> all = new ArrayList<>(signals);
    // below the mark of retention is nothing, but the mark moves, and a cursor at it would be lost
    Cursor own = reason == CloseReason.END ? Cursor.EARLIEST : step.own().orElse(Cursor.EARLIEST);
    all.add(new Signal.Close(reason, own));
    return Pair.create(step.end(), all);
  }

  /** Where the stream stands. */
  private record Step(StartPoint start, Optional<Cursor> own, long delivered, boolean ended) {
    static Step first(StartPoint start) {
      return new Step(
          start,
          start instanceof StartPoint.At at ? Optional.of(at.cursor()) : Optional.empty(),
          0,
          false);
    }

    Step at(StartPoint start) {
      return new Step(start, own, delivered, ended);
    }

    Step after(PageResult.Page page) {
      List<HubEvent> events = page.events();
      return new Step(
          new StartPoint.At(page.cursor()),
          Optional.of(page.cursor()),
          delivered + events.size(),
          ended);
    }

    Step end() {
      return new Step(start, own, delivered, true);
    }
  }
}
