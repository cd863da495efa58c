package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.hub.CatchUpReader.SharedRead;
import dev.gapless.hub.HubState.Delivered;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionStage.Shared;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.LostReason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.jspecify.annotations.Nullable;

/**
 * One running subscription: verify where it stands, read what it missed from the ring or the log,
 * join the hub, take what the hub offers; fall back to reading when it was too slow, and to
 * verifying when the history of the log changed.
 *
 * <p>Its <i>own position</i> ({@link Progress}) is what makes it exact: every step continues
 * strictly after it. Nothing is done ahead of demand, so a client that takes nothing costs nothing
 * but a bounded inbox. An error of the database is retried with backoff from the own position; no
 * path leads from an unfinished read into live.
 */
final class SubscriptionLogic extends AsyncLogic {

  private enum Phase {
    /** The node has not decided its head yet. */
    STARTING,
    /** The cursors are being verified against the log. */
    VERIFYING,
    /** History is being read, from the ring where it reaches back far enough. */
    READING,
    /** The hub has been asked to make this subscription live. */
    JOINING,
    /** The hub offers into the inbox. */
    LIVE,
    /** Nothing more will be produced. */
    ENDED
  }

  private static final String HEARTBEAT = "heartbeat";

  // events looked at before other streams on the same thread get their turn
  private static final int RING_STEP = 512;
  private static final int STEPS_IN_A_ROW = 16;

  // pages: for a stream that reads alone the database goes on without a pause; many would fall out
  // of step, because those in front drive the pages out of the cache that the others still want
  private static final int AHEAD_ALONE = 2;

  private static final Duration RECHECK = Duration.ofSeconds(1);

  private final SourceShape<Signal> shape;
  private final Subscription wanted;
  private final Shared shared;
  private final SubscriptionControl control = reason -> runOnStage(() -> onClose(reason));
  private final Deque<Signal> pending = new ArrayDeque<>(2);
  private final Progress progress;
  private final HubPlace place;

  private final long number;
  private final long begun = System.nanoTime();

  private Phase phase = Phase.STARTING;
  private boolean announcedLive;
  private @Nullable Ring ring;
  // what was read and not yet handed on
  private Optional<PageRest> page = Optional.empty();
  private Cursor lastSent;
  // written by this stream alone; others look at it now and then
  private final AtomicLong lastPush = new AtomicLong(System.nanoTime());

  SubscriptionLogic(SourceShape<Signal> shape, Subscription wanted, Shared shared) {
    super(shape);
    this.shape = shape;
    this.wanted = wanted;
    this.shared = shared;
    this.progress = new Progress(wanted);
    this.place = new HubPlace(shared);
    this.number = shared.state().opened.incrementAndGet();
    this.lastSent = progress.own();
    setHandler(
        shape.out(),
        new AbstractOutHandler() {
          @Override
          public void onPull() {
            advance();
          }
        });
  }

  SubscriptionControl control() {
    return control;
  }

  /** Empty if it is live. For any thread, which may see what was so a moment ago. */
  Optional<SlowSubscriber> slow(Cursor head) {
    if (place.isLive()) {
      return Optional.empty();
    }
    long now = System.nanoTime();
    return Optional.of(
        new SlowSubscriber(
            number,
            place.isBehind(),
            Math.max(0, head.position() - progress.own().position()),
            Duration.ofNanos(now - lastPush.getAcquire()),
            Duration.ofNanos(now - begun)));
  }

  @Override
  public void preStart() {
    shared.state().running.add(this);
    if (shared.state().draining) {
      onClose(CloseReason.DRAIN);
    }
    scheduleOnce(HEARTBEAT, shared.settings().heartbeat());
  }

  @Override
  public void postStop() {
    shared.state().running.remove(this);
    place.leave(false);
  }

  @Override
  public void onTimer(Object key) {
    if (key.equals(HEARTBEAT)) {
      onHeartbeat();
    } else {
      super.onTimer(key);
    }
  }

  /** Works until there is a signal to hand on, as long as there is demand. */
  @Override
  void advance() {
    if (!isAvailable(shape.out())) {
      return;
    }
    int steps = 0;
    while (pending.isEmpty() && !isBusy() && phase != Phase.ENDED) {
      if (steps++ == STEPS_IN_A_ROW) {
        // what a stage tells itself is still of the same turn: it goes round by the queue
        materializer().executionContext().execute(() -> runOnStage(this::advance));
        return;
      }
      if (!step()) {
        return;
      }
    }
    Signal next = pending.poll();
    if (next != null) {
      push(next);
    }
  }

  /** Returns false when the next step has to wait for the hub's offer. */
  private boolean step() {
    Optional<Delivered> delivered = shared.state().delivered();
    if (delivered.isEmpty()) {
      pause(FIRST_BACKOFF);
      return true;
    }
    Delivered now = delivered.get();
    switch (phase) {
      case STARTING -> start(now);
      case VERIFYING -> verify(now, progress.checks());
      case READING -> read(now);
      case LIVE -> {
        return take();
      }
      case JOINING, ENDED -> {}
    }
    return true;
  }

  private void start(Delivered now) {
    progress.begin(now.head());
    // as the client gave it: a connection cut between this and a reset must not have moved its
    // cursor
    pending.add(new Signal.Open(progress.own()));
    phase = Phase.VERIFYING;
  }

  // --- verifying ---

  private void verify(Delivered now, Iterator<Starts.Check> checks) {
    while (checks.hasNext()) {
      Starts.Check check = checks.next();
      if (!isKnown(check.cursor(), now)) {
        await(
            shared.catchUp().check(now.ring(), check.cursor(), now.head()),
            answer -> onChecked(answer, check, checks, now));
        return;
      }
    }
    progress.settle();
    // its events may be none of this history's
    page = Optional.empty();
    ring = now.ring();
    phase = Phase.READING;
  }

  /** Whether the ring (or the head) already proves the cursor, without the database. */
  private static boolean isKnown(Cursor cursor, Delivered now) {
    return cursor.isEarliest()
        || cursor.equals(now.head())
        || cursor.equals(now.ring().floor())
        || (!cursor.isBare()
            && now.ring()
                .find(cursor.position())
                .filter(e -> e.cursor().equals(cursor))
                .isPresent());
  }

  private void onChecked(
      CursorCheck answer, Starts.Check check, Iterator<Starts.Check> checks, Delivered now) {
    if (phase != Phase.VERIFYING || !isStill(now.ring())) {
      return;
    }
    if (answer instanceof CursorCheck.Valid valid) {
      progress.verified(check, valid.verified());
    } else if (answer instanceof CursorCheck.Lost lost) {
      reset(check, lost.reason(), lost.earliest(), now);
    } else {
      // another node was faster: hold until our head has passed it, then ask again
      shared.wakeTail().run();
      awaitHead(check.cursor().position());
      return;
    }
    verify(now, checks);
  }

  private void reset(Starts.Check check, LostReason reason, Cursor earliest, Delivered now) {
    Cursor continuesAt = wanted.onReset() == Subscription.OnReset.FROM_HEAD ? now.head() : earliest;
    progress.reset(check, continuesAt);
    // the subscription goes on from the earliest of its owners: one owner's reset must not carry
    // the client past what others still have to get
    pending.add(
        new Signal.Reset(
            reason, check.cursor(), earliest, now.head(), progress.own(), check.owner()));
  }

  // --- reading ---

  private void read(Delivered now) {
    Ring current = now.ring();
    if (current != ring) {
      progress.reopen(lastSent);
      phase = Phase.VERIFYING;
    } else if (progress.isAtEnd()) {
      finish(CloseReason.END);
    } else {
      readOn(now, current, progress.own());
    }
  }

  private void readOn(Delivered now, Ring current, Cursor own) {
    Optional<PageRest.Portion> begun = page.flatMap(rest -> rest.next(own));
    if (begun.isPresent()) {
      serve(begun.get().events(), begun.get().scannedTo());
      if (phase == Phase.READING) {
        page.flatMap(rest -> rest.ahead(isAlone()))
            .ifPresent(next -> readAhead(now, current, next));
      }
    } else {
      page = Optional.empty();
      Optional<List<HubEvent>> recent =
          current.after(own.position(), RING_STEP, PageRest.PORTION_BYTES);
      if (recent.isEmpty()) {
        Cursor upTo = progress.bound(now.head());
        await(shared.catchUp().read(current, own, upTo, wanted.filter()), this::onPage);
      } else if (recent.get().isEmpty()) {
        onCaughtUp(current);
      } else {
        List<HubEvent> events = recent.get();
        serve(events, events.get(events.size() - 1).cursor());
      }
    }
  }

  /** The database works while the client is given what was read. */
  private void readAhead(Delivered now, Ring current, Cursor after) {
    shared
        .catchUp()
        .readAhead(
            current,
            after,
            progress.bound(now.head()),
            wanted.filter(),
            isAlone() ? AHEAD_ALONE : 1);
  }

  /** Whether no other stream catches up. */
  private boolean isAlone() {
    return shared.state().catchingUp() <= 1;
  }

  private void onCaughtUp(Ring current) {
    if (wanted.live()) {
      join(current);
    } else if (progress.needsEnd()) {
      findEnd();
    } else {
      // the end was decided, and the ring is about to reach it
      pause(FIRST_BACKOFF);
    }
  }

  private boolean isStill(@Nullable Ring history) {
    return shared.state().delivered().filter(now -> now.ring() == history).isPresent();
  }

  private void onPage(SharedRead read) {
    if (phase != Phase.READING || !isStill(ring)) {
      // closed meanwhile, or read from a history that is no longer followed
      return;
    }
    if (read instanceof SharedRead.Lost) {
      // each owner's start is decided by itself
      progress.reopen(lastSent);
      phase = Phase.VERIFYING;
    } else if (read instanceof SharedRead.Page found) {
      if (found.scannedTo().compareTo(progress.own()) <= 0) {
        pause(FIRST_BACKOFF);
      } else {
        page = Optional.of(new PageRest(found, progress.own()));
      }
    }
  }

  private void serve(List<HubEvent> events, Cursor scannedTo) {
    List<HubEvent> matching = progress.serve(events, scannedTo);
    if (!matching.isEmpty()) {
      shared.state().deliveredEvents.add(matching.size());
      pending.add(new Signal.Events(matching));
    }
    if (progress.isLimitReached()) {
      finish(CloseReason.LIMIT);
    }
  }

  /** A finite subscription includes everything acknowledged before it was asked for. */
  private void findEnd() {
    await(shared.catchUp().highestVisible(), this::endAfter);
  }

  private void endAfter(OptionalLong highest) {
    shared.wakeTail().run();
    this.<Boolean>ask(
        answer ->
            shared
                .hub()
                .get()
                .tell(new EventHubActor.AwaitHead(highest.orElse(0), RECHECK, answer)),
        reached -> {
          if (reached) {
            shared.state().delivered().ifPresent(this::endAtHead);
          }
        });
  }

  /** What was visible is of the same history as the head. */
  private void endAtHead(Delivered now) {
    await(
        shared.catchUp().checkNow(now.head(), now.head()),
        answer -> {
          if (answer instanceof CursorCheck.Valid && isStill(now.ring())) {
            progress.endAt(now.head());
          } else {
            pause(FIRST_BACKOFF);
          }
        });
  }

  private void awaitHead(long position) {
    this.<Boolean>ask(
        answer -> shared.hub().get().tell(new EventHubActor.AwaitHead(position, RECHECK, answer)),
        reached -> {});
  }

  // --- live ---

  private void join(Ring current) {
    phase = Phase.JOINING;
    long position = progress.own().position();
    this.<Boolean>ask(
        answer ->
            place.ask(
                progress.matcher(), current, position, () -> runOnStage(this::onWake), answer),
        this::onJoined);
  }

  private void onJoined(boolean joined) {
    if (phase != Phase.JOINING) {
      return;
    }
    if (!joined) {
      place.refused();
      phase = Phase.READING;
      if (ring != null
          && ring.after(progress.own().position(), 1, 1).filter(List::isEmpty).isPresent()) {
        // nothing to read before the next try: the hub itself is not ready
        pause(FIRST_BACKOFF);
      }
      return;
    }
    phase = Phase.LIVE;
    place.given();
    if (!announcedLive) {
      announcedLive = true;
      pending.add(new Signal.Live(progress.own()));
    }
  }

  private boolean take() {
    List<HubEvent> events = place.takeOrPark();
    if (!events.isEmpty()) {
      shared.state().given(events);
      serve(events, events.get(events.size() - 1).cursor());
      return true;
    }
    if (!place.isLost()) {
      return false;
    }
    fallBack();
    return true;
  }

  private void onWake() {
    if (place.isLost()) {
      fallBack();
    }
    advance();
  }

  private void fallBack() {
    // a new history shuts all inboxes; only in the old one it was this client that did not keep up
    place.leave(isStill(ring));
    phase = Phase.READING;
  }

  // --- silence and the end ---

  private void onHeartbeat() {
    long silent = System.nanoTime() - lastPush.getPlain();
    long interval = shared.settings().heartbeat().toNanos();
    boolean demand = isAvailable(shape.out());
    if (!demand && wanted.stallTimeout().filter(t -> silent > t.toNanos()).isPresent()) {
      completeStage();
      return;
    }
    if (!demand && silent >= interval) {
      page = Optional.empty();
    }
    if (demand && pending.isEmpty() && silent >= interval) {
      moveWhileIdle();
      push(new Signal.Heartbeat(progress.own(), !progress.own().equals(lastSent)));
    }
    // silence without demand is looked at again after a full interval
    long since = System.nanoTime() - lastPush.getPlain();
    long rest = since >= interval ? interval : interval - since;
    scheduleOnce(HEARTBEAT, Duration.ofNanos(rest));
  }

  private void moveWhileIdle() {
    // the head is read before the inbox: what it covers was offered before it was published
    Optional<Delivered> now = shared.state().delivered();
    if (now.isPresent()
        && now.get().ring() == ring
        && now.get().head().compareTo(progress.own()) > 0
        && place.isIdle()) {
      progress.servedUpTo(now.get().head());
    }
  }

  private void onClose(CloseReason reason) {
    if (phase != Phase.ENDED) {
      finish(reason);
      advance();
    }
  }

  private void finish(CloseReason reason) {
    place.leave(false);
    phase = Phase.ENDED;
    pending.add(new Signal.Close(reason, progress.own()));
  }

  private void push(Signal signal) {
    lastPush.setRelease(System.nanoTime());
    lastSent = signal.cursor();
    push(shape.out(), signal);
    if (signal instanceof Signal.Close) {
      complete(shape.out());
    }
  }
}
