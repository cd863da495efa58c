package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.hub.HubState.Delivered;
import dev.gapless.log.CommitTimes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PreRestart;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Fans decided events out to this node's live subscriptions. The tail sends it batches; subscriber
 * streams join it when they have read up to the end of the ring, and leave when they end. It alone
 * writes the ring and the index, so the seam between catch-up and live is one message: what a
 * joining stream has not read yet is put into its inbox in the same step that makes it live.
 *
 * <p>It reads nothing and waits for nothing. If it fails, it is restarted empty, lets every
 * subscription find its place again, and asks the tail to begin anew: a batch it may have lost is
 * never skipped.
 */
final class EventHubActor extends AbstractBehavior<EventHubActor.Command> {

  /** What the hub understands. */
  sealed interface Command {}

  /**
   * The next decided events, ascending, and the last decided event; {@code acknowledge} asks for
   * more.
   */
  record Publish(List<Event> events, Cursor head, CommitTimes times, Runnable acknowledge)
      implements Command {
    public Publish {
      events = List.copyOf(events);
    }
  }

  /**
   * The history begins anew at this head: every subscription finds its place again by its own
   * cursor.
   */
  record Restart(Cursor head) implements Command {}

  /** Nothing is decided any more: until the next {@link Restart} nothing is served. */
  enum Suspend implements Command {
    INSTANCE
  }

  /** Become live after {@code position}, if the ring is still the one the stream has read. */
  record Join(Subscriber subscriber, Ring ring, long position, Consumer<Boolean> answer)
      implements Command {}

  /** The stream has ended or fallen behind. */
  record Leave(Subscriber subscriber) implements Command {}

  /** Answer true once the head has reached the position, false after the patience is over. */
  record AwaitHead(long position, Duration patience, Consumer<Boolean> answer) implements Command {}

  /** Whoever has not taken what was offered of an owner that was erased reads the log instead. */
  private record Forget(String owner, long below) implements Command {}

  private record PatienceOver(AwaitHead waiting) implements Command {}

  // a join that has to copy more than this reads on from the ring by itself first: the hub serves
  // everybody
  private static final int LARGEST_JOIN = 1024;

  // as long as pages are kept; whoever takes what is offered has taken it by then
  private static final Duration FORGET_AFTER = Duration.ofSeconds(10);

  private final HubSettings settings;
  private final HubState state;
  private final Runnable beginAnew;
  private final TimerScheduler<Command> timers;
  private final SubscriptionIndex index = new SubscriptionIndex();
  private final List<AwaitHead> waiting = new ArrayList<>();
  // until the tail has begun anew, its events do not continue what this hub has
  private boolean begun;

  /**
   * {@code beginAnew} asks the tail for a {@link Restart}; it is called when the hub has failed.
   */
  static Behavior<Command> create(HubSettings settings, HubState state, Runnable beginAnew) {
    return Behaviors.supervise(
            Behaviors.<Command>setup(
                context ->
                    Behaviors.withTimers(
                        timers -> new EventHubActor(context, timers, settings, state, beginAnew))))
        .onFailure(SupervisorStrategy.restart());
  }

  private EventHubActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      HubSettings settings,
      HubState state,
      Runnable beginAnew) {
    super(context);
    this.beginAnew = beginAnew;
    this.timers = timers;
    this.settings = settings;
    this.state = state;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Publish.class, this::onPublish)
        .onMessage(Restart.class, this::onRestart)
        .onMessage(Suspend.class, this::onSuspend)
        .onMessage(Join.class, this::onJoin)
        .onMessage(Leave.class, this::onLeave)
        .onMessage(AwaitHead.class, this::onAwaitHead)
        .onMessage(Forget.class, this::onForget)
        .onMessage(PatienceOver.class, this::onPatienceOver)
        .onSignal(PreRestart.class, this::onPreRestart)
        .build();
  }

  private Behavior<Command> onPublish(Publish publish) {
    if (!begun) {
      publish.acknowledge().run();
      return this;
    }
    Ring ring =
        state
            .delivered()
            .orElseThrow(() -> new IllegalStateException("events before the first head"))
            .ring();
    List<HubEvent> batch =
        publish.events().stream()
            .map(event -> new HubEvent(event, publish.times().micros(event.position())))
            .toList();
    batch.forEach(ring::append);
    index.offer(batch);
    // after the offers: whoever reads this head and finds an empty inbox was served up to it
    state.publish(new Delivered(ring, publish.head()));
    batch.stream().map(HubEvent::event).filter(Event::isErasure).forEach(e -> onErasure(ring, e));
    answerWaiting();
    publish.acknowledge().run();
    return this;
  }

  private void onErasure(Ring ring, Event mark) {
    ring.forget(mark.owner(), mark.position());
    Forget forget = new Forget(mark.owner(), mark.position());
    timers.startSingleTimer(forget, forget, FORGET_AFTER);
    state.erasure.run();
  }

  private Behavior<Command> onForget(Forget forget) {
    index.forget(forget.owner(), forget.below());
    return this;
  }

  private Behavior<Command> onRestart(Restart restart) {
    Ring ring = new Ring(settings.ringEvents(), settings.ringBytes(), restart.head());
    state.publish(new Delivered(ring, restart.head()));
    begun = true;
    index.shutAll();
    answerWaiting();
    return this;
  }

  private Behavior<Command> onPreRestart(PreRestart signal) {
    state.restarts.incrementAndGet();
    index.shutAll();
    waiting.forEach(await -> await.answer().accept(false));
    beginAnew.run();
    return this;
  }

  private Behavior<Command> onSuspend(Suspend suspend) {
    begun = false;
    state.suspend();
    index.shutAll();
    return this;
  }

  private Behavior<Command> onJoin(Join join) {
    Optional<Delivered> current =
        state.delivered().filter(now -> begun && now.ring() == join.ring());
    Optional<List<HubEvent>> missed =
        current.flatMap(
            now -> now.ring().after(join.position(), LARGEST_JOIN + 1, settings.inboxBytes()));
    // what was cut short by count or bytes is read from the ring by the stream itself
    if (missed.isEmpty() || !reachesHead(missed.get(), current.orElseThrow(), join.position())) {
      join.answer().accept(false);
      return this;
    }
    List<HubEvent> selected = join.subscriber().matcher().select(missed.get());
    if (!selected.isEmpty() && !join.subscriber().inbox().offer(selected)) {
      join.answer().accept(false);
      return this;
    }
    index.add(join.subscriber());
    join.answer().accept(true);
    return this;
  }

  private static boolean reachesHead(List<HubEvent> missed, Delivered now, long position) {
    long reached = missed.isEmpty() ? position : missed.get(missed.size() - 1).position();
    return missed.size() <= LARGEST_JOIN && reached >= now.head().position();
  }

  private Behavior<Command> onLeave(Leave leave) {
    index.remove(leave.subscriber());
    return this;
  }

  private Behavior<Command> onAwaitHead(AwaitHead await) {
    if (reached(await)) {
      await.answer().accept(true);
    } else {
      waiting.add(await);
      timers.startSingleTimer(await, new PatienceOver(await), await.patience());
    }
    return this;
  }

  private Behavior<Command> onPatienceOver(PatienceOver over) {
    if (waiting.remove(over.waiting())) {
      over.waiting().answer().accept(false);
    }
    return this;
  }

  private void answerWaiting() {
    waiting.removeIf(
        await -> {
          if (!reached(await)) {
            return false;
          }
          timers.cancel(await);
          await.answer().accept(true);
          return true;
        });
  }

  private boolean reached(AwaitHead await) {
    return state.delivered().filter(now -> now.head().position() >= await.position()).isPresent();
  }
}
