package dev.gapless;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.LocalEventHub;
import dev.gapless.hub.PekkoStages;
import dev.gapless.hub.Signal;
import dev.gapless.hub.SlowSubscriber;
import dev.gapless.hub.Subscription;
import dev.gapless.hub.SubscriptionControl;
import dev.gapless.log.EventLog;
import dev.gapless.log.LogChecks;
import dev.gapless.log.LogMigration;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.pattern.Patterns;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * Gapless in an application of yours: one node on your actor system and your database. Nothing
 * happens before {@link #start}; coordinated shutdown ends the streams ({@code
 * before-service-unbind}) and, with the actor system, the rest.
 *
 * <p>Thread-safe.
 */
public final class Gapless implements Extension {
  private static final Id ID = new Id();
  // how often a start looks whether the head is decided
  private static final Duration LOOK = Duration.ofMillis(20);

  /** The id of the extension, for {@code pekko.actor.typed.extensions}. */
  public static final class Id extends ExtensionId<Gapless> {
    @Override
    public Gapless createExtension(ActorSystem<?> system) {
      return new Gapless(system);
    }
  }

  private final ActorSystem<?> system;
  private final EventLog log = EventLog.create();
  private final NodeBoard board = new NodeBoard();
  private volatile @Nullable LocalEventHub hub;

  private Gapless(ActorSystem<?> system) {
    this.system = system;
  }

  /** The node of this actor system, started or not. */
  public static Gapless get(ActorSystem<?> system) {
    return ID.apply(system);
  }

  /**
   * As {@link #start(DataSource, DataSource, GaplessSettings)}, by the configuration of the actor
   * system.
   */
  public CompletionStage<Done> start(DataSource dataSource) {
    return start(dataSource, dataSource, GaplessSettings.create(system.settings().config()));
  }

  /**
   * Creates or checks the schema, then begins to listen and to follow the log. Once only.
   *
   * @param pool connections for reads and writes that are returned at once; the blocking
   *     dispatchers of {@code gapless} are sized to it
   * @param direct connections that lead to the primary without a pooler: one is kept for listening
   *     and one for following the log, as long as the node runs; two more are in use now and then,
   *     for retention and erasures. A HikariCP pool will do if it has four connections to spare
   * @return completes when the head is decided and events flow; fails if the schema cannot be
   *     brought up to date, or with {@link dev.gapless.log.LogUnusableException} if the database
   *     cannot keep the promises
   * @throws IllegalStateException if this node was started before
   */
  public CompletionStage<Done> start(DataSource pool, DataSource direct, GaplessSettings settings) {
    LocalEventHub node = createHub(pool, settings);
    Executor blocking = system.dispatchers().lookup(DispatcherSelector.blocking());
    return CompletableFuture.runAsync(() -> prepare(direct, settings), blocking)
        .thenCompose(
            prepared -> {
              system.systemActorOf(
                  NodeActor.create(settings, direct, node, board), "gapless", Props.empty());
              drainAtShutdown(node, settings);
              return ready(node);
            });
  }

  private synchronized LocalEventHub createHub(DataSource pool, GaplessSettings settings) {
    if (hub != null) {
      throw new IllegalStateException("this node was started before");
    }
    Executor reads =
        system
            .dispatchers()
            .lookup(DispatcherSelector.fromConfig("gapless.hub.catch-up-dispatcher"));
    LocalEventHub created =
        new LocalEventHub(system, settings.hub(), log, pool, reads, board::wake);
    hub = created;
    return created;
  }

  private void prepare(DataSource direct, GaplessSettings settings) {
    LogMigration.migrate(direct, settings.log());
    try (Connection connection = direct.getConnection()) {
      board.warnings(LogChecks.check(connection, settings.log()));
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  private void drainAtShutdown(LocalEventHub node, GaplessSettings settings) {
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseBeforeServiceUnbind(),
            "gapless-drain",
            () -> node.drain(settings.drain()));
  }

  private CompletionStage<Done> ready(LocalEventHub node) {
    if (node.isReady()) {
      return CompletableFuture.completedFuture(Done.getInstance());
    }
    return PekkoStages.onDispatcher(
        Patterns.after(LOOK, system.classicSystem(), () -> ready(node)), system);
  }

  /**
   * Appends events inside the caller's transaction: they exist if and only if it commits. Call
   * {@link #committed} after the commit. Blocks; call it where you use JDBC.
   *
   * @return the cursors of the events, in order
   */
  public List<Cursor> append(Connection connection, EventDraft... drafts) throws SQLException {
    return log.append(connection, List.of(drafts));
  }

  /**
   * Tells this node that a transaction with events was committed, so that its subscribers need not
   * wait for the notification. Only a hint: without it everything arrives as well. Does not block.
   */
  public void committed() {
    board.wake();
  }

  /**
   * The matching events as they are decided, and nothing else.
   *
   * <p><b>Emits when</b> an event matches and there is demand. <b>Backpressures</b> without limit;
   * a slow reader costs bounded memory. <b>Completes when</b> the node drains. <b>Fails when</b>
   * the start cannot be continued ({@link CursorLostException}); use {@link #signals} to handle
   * that in the stream.
   */
  public Source<Event, SubscriptionControl> events(EventFilter filter, StartPoint start) {
    return signals(Subscription.of(filter, start)).mapConcat(Gapless::eventsOf);
  }

  /** The whole conversation of a subscription: see {@link EventHub#subscribe}. */
  public Source<Signal, SubscriptionControl> signals(Subscription subscription) {
    return hub().subscribe(subscription);
  }

  private static Iterable<Event> eventsOf(Signal signal) {
    if (signal instanceof Signal.Reset reset) {
      throw new CursorLostException(reset);
    }
    return signal instanceof Signal.Events found
        ? found.events().stream().map(HubEvent::event).toList()
        : List.of();
  }

  /**
   * The node's hub, for what goes beyond {@link #events}.
   *
   * @throws IllegalStateException before {@link #start}
   */
  public EventHub hub() {
    return started();
  }

  private LocalEventHub started() {
    LocalEventHub started = hub;
    if (started == null) {
      throw new IllegalStateException("start() comes first");
    }
    return started;
  }

  /**
   * Tells somebody more, each time a live subscriber of this node is given events, the time from
   * the insert of the oldest of them (by the database's clock) to now (by this machine's).
   *
   * @param nanos called on the threads of streams for every write to a connection: it must be
   *     thread-safe and take next to no time
   * @throws IllegalStateException before {@link #start}
   */
  public void onDelivery(LongConsumer nanos) {
    started().onDelivery(nanos);
  }

  /**
   * The subscribers of this node that have furthest to go, the last one first. Looks at all that
   * are not live.
   *
   * @param most how many at most
   * @throws IllegalStateException before {@link #start}
   */
  public List<SlowSubscriber> slowest(int most) {
    return started().slowest(most);
  }

  /**
   * As {@link #onDelivery}, from the oldest commit among the events; only where PostgreSQL keeps
   * the times of commits ({@code track_commit_timestamp = on}).
   */
  public void onDeliverySinceCommit(LongConsumer nanos) {
    started().onDeliverySinceCommit(nanos);
  }

  /** Reading and appending by hand. */
  public EventLog log() {
    return log;
  }

  /** A moment's state. */
  public NodeStatus status() {
    return board.status(hub().status());
  }
}
