package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.HubState.Delivered;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionStage.Shared;
import dev.gapless.log.CommitTimes;
import dev.gapless.log.EventLog;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * The hub of one node: the actor that fans out, and what streams and pages share. Create it, spawn
 * {@link #behavior}, then hand it over to the tail's output by {@link #restart} and {@link
 * #publish}. Thread-safe.
 */
public final class LocalEventHub implements EventHub {
  private final ActorSystem<?> system;
  private final HubSettings settings;
  private final HubState state = new HubState();
  private final CatchUpReader catchUp;
  private final Runnable wakeTail;
  private final CompletableFuture<ActorRef<EventHubActor.Command>> actor =
      new CompletableFuture<>();

  /**
   * @param reads runs the reads that block; its size bounds the reads in flight
   * @param wakeTail called when a client asks for everything acknowledged so far
   */
  public LocalEventHub(
      ActorSystem<?> system,
      HubSettings settings,
      EventLog log,
      DataSource dataSource,
      Executor reads,
      Runnable wakeTail) {
    this.system = system;
    this.settings = settings;
    this.catchUp = new CatchUpReader(log, dataSource, reads, settings);
    this.wakeTail = wakeTail;
  }

  /**
   * The actor to spawn, once. {@code beginAnew} asks the tail to call {@link #restart}, after a
   * failure.
   */
  public Behavior<?> behavior(Runnable beginAnew) {
    return Behaviors.<EventHubActor.Command>setup(
        context -> {
          actor.complete(context.getSelf());
          return EventHubActor.create(settings, state, beginAnew);
        });
  }

  /**
   * The tail's first word, and its word whenever the log went back in time: nothing before this
   * head is in the ring.
   */
  public void restart(Cursor head) {
    hub().tell(new EventHubActor.Restart(head));
  }

  /** The log went back in time and what of it is decided is not known yet: nothing is served. */
  public void suspend() {
    hub().tell(EventHubActor.Suspend.INSTANCE);
  }

  /** The next decided events; {@code acknowledge} is run when they have been offered to all. */
  public void publish(List<Event> events, Cursor head, Runnable acknowledge) {
    publish(events, head, CommitTimes.UNKNOWN, acknowledge);
  }

  /** As {@link #publish(List, Cursor, Runnable)}, where it is known when they were committed. */
  public void publish(List<Event> events, Cursor head, CommitTimes times, Runnable acknowledge) {
    hub().tell(new EventHubActor.Publish(events, head, times, acknowledge));
  }

  /**
   * Tells somebody more, each time a live subscriber is given events, the time from the insert of
   * the oldest of them (by the database's clock) to now (by this machine's), in nanoseconds.
   *
   * @param observer called on the threads of streams for every write to a connection: it must be
   *     thread-safe and take next to no time
   */
  public void onDelivery(LongConsumer observer) {
    state.onDelivery(observer);
  }

  /**
   * Tells somebody when the mark of an erasure is decided.
   *
   * @param observer called on the thread of the hub: must return at once
   */
  public void onErasure(Runnable observer) {
    state.erasure = observer;
  }

  /**
   * As {@link #onDelivery}, from the oldest commit among the events; where the database does not
   * keep the times of commits, nothing is told.
   */
  public void onDeliverySinceCommit(LongConsumer observer) {
    state.onDeliverySinceCommit(observer);
  }

  private ActorRef<EventHubActor.Command> hub() {
    return actor.join();
  }

  private Shared shared() {
    return new Shared(settings, state, catchUp, this::hub, wakeTail);
  }

  @Override
  public Source<Signal, SubscriptionControl> subscribe(Subscription subscription) {
    return Source.fromGraph(new SubscriptionStage(subscription, shared()));
  }

  @Override
  public CompletionStage<PageResult> page(PageRequest request) {
    PageReader reader = new PageReader(shared());
    return reader
        .read(request)
        .thenCompose(
            result ->
                result instanceof PageResult.Page page
                        && page.events().isEmpty()
                        && !page.more()
                        && !request.reverse()
                        && !request.patience().isZero()
                    ? awaitMatch(request, page.cursor())
                        .thenCompose(any -> reader.read(fixed(request, page.cursor())))
                    : CompletableFuture.completedFuture(result));
  }

  /** "now" is the head the first page has found: what came while it waited is after it. */
  private static PageRequest fixed(PageRequest request, Cursor head) {
    return request.start() instanceof StartPoint.Now
        ? request.withStart(new StartPoint.At(head))
        : request;
  }

  /** Completes when something matches after the cursor, or the patience is over. */
  private CompletionStage<Optional<Signal.Events>> awaitMatch(PageRequest request, Cursor after) {
    Subscription next =
        Subscription.of(request.filter(), request.start())
            .withOwnerStarts(request.ownerStarts())
            .resumedAt(after)
            .withLimit(1);
    return PekkoStages.onDispatcher(
        subscribe(next)
            .collectType(Signal.Events.class)
            .takeWithin(request.patience())
            .runWith(Sink.headOption(), system),
        system);
  }

  @Override
  public Cursor head() {
    return state.delivered().map(Delivered::head).orElse(Cursor.EARLIEST);
  }

  @Override
  public boolean isReady() {
    return state.delivered().isPresent() && !state.draining;
  }

  @Override
  public HubStatus status() {
    Optional<Ring> ring = state.delivered().map(Delivered::ring);
    return new HubStatus(
        head(),
        ring.map(Ring::floor).orElse(Cursor.EARLIEST),
        ring.map(Ring::size).orElse(0),
        ring.map(Ring::bytes).orElse(0L),
        state.live.get(),
        state.catchingUp(),
        state.behind.get(),
        state.deliveredEvents.sum(),
        catchUp.reads(),
        catchUp.shared(),
        catchUp.cursorChecks(),
        catchUp.pending(),
        catchUp.failures(),
        catchUp.lastFailure(),
        state.restarts.get());
  }

  /**
   * The subscribers that have furthest to go, the last one first. Looks at all that are not live.
   *
   * @param most how many at most
   */
  public List<SlowSubscriber> slowest(int most) {
    if (state.catchingUp() == 0) {
      return List.of();
    }
    Cursor head = head();
    return state.running.stream()
        .flatMap(subscriber -> subscriber.slow(head).stream())
        .sorted(Comparator.comparingLong(SlowSubscriber::distance).reversed())
        .limit(most)
        .toList();
  }

  @Override
  public CompletionStage<Done> drain(Duration spread) {
    state.draining = true;
    List<SubscriptionControl> running =
        state.running.stream().map(SubscriptionLogic::control).toList();
    CompletableFuture<Done> drained = new CompletableFuture<>();
    for (int i = 0; i < running.size(); i++) {
      SubscriptionControl control = running.get(i);
      after(
          spread.multipliedBy(i).dividedBy(running.size()), () -> control.close(CloseReason.DRAIN));
    }
    after(spread, () -> drained.complete(Done.getInstance()));
    return drained;
  }

  private void after(Duration delay, Runnable work) {
    system
        .scheduler()
        .scheduleOnce(
            Duration.ofMillis(TimeUnit.NANOSECONDS.toMillis(delay.toNanos())),
            work,
            system.executionContext());
  }
}
