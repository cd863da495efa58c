package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.HubStatus;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.PageResult;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.Subscription;
import dev.gapless.hub.SubscriptionControl;
import dev.gapless.hub.TestHubEvents;
import dev.gapless.log.EventLog.LostReason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What a stream that goes backwards says where a page cannot be had. */
class ReverseStreamTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Cursor HEAD = event(9).cursor();
  private static final Cursor GONE = new Cursor(7, 99);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void afterAResetAClientThatWasCutOffAsksForTheSameAgain() throws Exception {
    Pages pages = new Pages(lost(LostReason.DIVERGED, GONE, Cursor.EARLIEST), page(false, 9, 8));
    List<Signal> signals = run(pages, new StartPoint.At(GONE));
    assertThat(signals.get(0)).isEqualTo(new Signal.Open(GONE));
    Signal.Reset reset = (Signal.Reset) signals.get(1);
    assertThat(reset.reason()).isEqualTo(LostReason.DIVERGED);
    assertThat(reset.head()).isEqualTo(HEAD);
    // its frame's id, exclusive downwards: with the head the event there would be lost
    assertThat(reset.continuesAt()).isEqualTo(GONE);
    assertThat(pages.asked).containsExactly(new StartPoint.At(GONE), StartPoint.NOW);
    assertThat(positions(signals)).containsExactly(9L, 8L);
  }

  @Test
  void whatRetentionRemovesWhileItComesDownIsTheEnd() throws Exception {
    Cursor mark = event(5).cursor();
    Pages pages = new Pages(page(true, 4, 3), lost(LostReason.RETENTION, event(3).cursor(), mark));
    List<Signal> signals = run(pages, new StartPoint.At(event(5).cursor()));
    assertThat(positions(signals)).containsExactly(4L, 3L);
    assertThat(signals).noneMatch(Signal.Reset.class::isInstance);
    // the mark goes on moving: an end at a cursor above 0 would be lost when the client comes back
    assertThat(last(signals)).isEqualTo(new Signal.Close(CloseReason.END, Cursor.EARLIEST));
  }

  @Test
  void aStartThatRetentionRemovedIsReset() throws Exception {
    Cursor start = event(3).cursor();
    Pages pages =
        new Pages(lost(LostReason.RETENTION, start, event(5).cursor()), page(false, 9, 8));
    List<Signal> signals = run(pages, new StartPoint.At(start));
    assertThat(((Signal.Reset) signals.get(1)).reason()).isEqualTo(LostReason.RETENTION);
    assertThat(positions(signals)).containsExactly(9L, 8L);
  }

  @Test
  void aFirstPageThatFailsIsAnswered() throws Exception {
    List<Signal> signals = run(new Pages(), StartPoint.NOW);
    assertThat(signals).hasSize(1);
    assertThat(((Signal.Close) signals.get(0)).reason()).isEqualTo(CloseReason.ERROR);
  }

  @Test
  void aLaterPageThatFailsEndsWhereTheStreamStands() throws Exception {
    List<Signal> signals = run(new Pages(page(true, 9, 8)), StartPoint.NOW);
    assertThat(last(signals)).isEqualTo(new Signal.Close(CloseReason.ERROR, event(8).cursor()));
  }

  private static List<Signal> run(Pages pages, StartPoint start) throws Exception {
    return ReverseStream.create(pages, EventFilter.ALL, start, OptionalLong.empty())
        .runWith(Sink.seq(), KIT.system())
        .toCompletableFuture()
        .get(20, TimeUnit.SECONDS);
  }

  private static Signal last(List<Signal> signals) {
    return signals.get(signals.size() - 1);
  }

  private static List<Long> positions(List<Signal> signals) {
    List<Long> positions = new ArrayList<>();
    for (Signal signal : signals) {
      if (signal instanceof Signal.Events events) {
        events.events().forEach(event -> positions.add(event.position()));
      }
    }
    return positions;
  }

  private static PageResult page(boolean more, long... positions) {
    List<HubEvent> events = new ArrayList<>();
    for (long position : positions) {
      events.add(event(position));
    }
    return new PageResult.Page(events, events.get(events.size() - 1).cursor(), more, false);
  }

  private static PageResult lost(LostReason reason, Cursor requested, Cursor earliest) {
    return new PageResult.Lost(reason, requested, earliest, HEAD);
  }

  private static HubEvent event(long position) {
    return TestHubEvents.of(
        new Event(position, "acme", "/a", "t", Optional.empty(), Instant.EPOCH));
  }

  /** Answers with these pages in turn, then fails. */
  private static final class Pages implements EventHub {
    final List<StartPoint> asked = new ArrayList<>();
    private final List<PageResult> results;

    Pages(PageResult... results) {
      this.results = new ArrayList<>(List.of(results));
    }

    @Override
    public CompletionStage<PageResult> page(PageRequest request) {
      asked.add(request.start());
      return results.isEmpty()
          ? CompletableFuture.failedFuture(new IllegalStateException("no database"))
          : CompletableFuture.completedFuture(results.remove(0));
    }

    @Override
    public Source<Signal, SubscriptionControl> subscribe(Subscription subscription) {
      return Source.<Signal>empty().mapMaterializedValue(unused -> reason -> {});
    }

    @Override
    public Cursor head() {
      return HEAD;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public HubStatus status() {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletionStage<Done> drain(Duration spread) {
      return CompletableFuture.completedFuture(Done.getInstance());
    }
  }
}
