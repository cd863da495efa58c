package dev.gapless.metrics;

import dev.gapless.ErasureStatus;
import dev.gapless.Gapless;
import dev.gapless.RetentionStatus;
import dev.gapless.hub.HubStatus;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import dev.gapless.tail.TailStatus.Statements;
import dev.gapless.tail.WakeCause;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * The meters of a node: listener, tail, hub, partitions and the time from insert to subscriber.
 * Each looks at the node when it is read and costs nothing else, but for the last one, which counts
 * every write to a connection. No tag holds an owner, a path, a payload or a credential, so their
 * number is fixed. docs/operations.md lists them.
 *
 * <p>Bind it once, after the node was started. Immutable and thread-safe.
 */
public final class GaplessMetrics implements MeterBinder {
  /** From what nobody notices to what everybody does. */
  private static final Duration[] LATENCIES = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(20),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(200),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(2),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  private final Gapless gapless;

  private GaplessMetrics(Gapless gapless) {
    this.gapless = gapless;
  }

  /** The meters of this node, which was started. */
  public static GaplessMetrics of(Gapless gapless) {
    return new GaplessMetrics(gapless);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Meters<Gapless> meters = new Meters<>(registry, gapless);
    bindTail(meters);
    bindListener(meters);
    bindHub(meters);
    bindPartitions(meters);
    bindRetention(meters);
    Timer sinceInsert =
        latency(
            registry,
            "gapless.insert.to.subscriber",
            "From the insert of an event (the database's clock) to the write to the connection of a"
                + " live subscriber (this machine's), once for each write, of its oldest event");
    gapless.onDelivery(nanos -> sinceInsert.record(nanos, TimeUnit.NANOSECONDS));
    Timer sinceCommit =
        latency(
            registry,
            "gapless.commit.to.subscriber",
            "As gapless_insert_to_subscriber_seconds, from the oldest commit among the events of"
                + " the write; empty unless PostgreSQL has track_commit_timestamp = on");
    gapless.onDeliverySinceCommit(nanos -> sinceCommit.record(nanos, TimeUnit.NANOSECONDS));
  }

  private static Timer latency(MeterRegistry registry, String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(LATENCIES)
        .register(registry);
  }

  private static void bindTail(Meters<Gapless> meters) {
    meters
        .states(
            "gapless.tail.state",
            "What the tail does: 1 for the current state",
            TailStatus.State.class,
            (node, state) ->
                node.status().tail().filter(t -> t.state() == state).isPresent() ? 1 : 0)
        .gauge("gapless.head", "Position of the last decided event", hub(h -> h.head().position()))
        .gauge(
            "gapless.head.lag",
            "Positions seen above the head and not decided yet",
            tail(TailStatus::lag))
        .seconds(
            "gapless.hole.blocked",
            "How long a transaction of somebody else has been holding back the log; 0 if none",
            tail(t -> t.blockedSince().map(GaplessMetrics::secondsSince).orElse(0.0)))
        .gauge(
            "gapless.hole.blockers",
            "Transactions that hold back the log, as last looked up",
            tail(t -> t.blockers().size()))
        .gauge(
            "gapless.forced.position",
            "A row above what the sequence has handed out, which is held back; 0 if none",
            tail(TailStatus::forcedPosition))
        .counter(
            "gapless.tail.events",
            "Events decided and handed to the hub",
            tail(TailStatus::delivered))
        .counter("gapless.tail.batches", "Batches of them", tail(TailStatus::batches))
        .gauge(
            "gapless.tail.unacknowledged",
            "Batches that the hub has not taken over yet",
            tail(TailStatus::unacknowledged))
        .counter(
            "gapless.tail.connects", "Connections that the tail opened", tail(TailStatus::connects))
        .counter(
            "gapless.tail.restarts",
            "How often the head was decided afresh, the start included",
            tail(TailStatus::restarts))
        .counters(
            "gapless.tail.wakes",
            "What made the tail look at the log",
            "cause",
            WakeCause.class,
            (node, cause) ->
                node.status().tail().map(t -> t.wakes().getOrDefault(cause, 0L)).orElse(0L));
    statements(meters, "rows", Statements::rows);
    statements(meters, "locks", Statements::locks);
    statements(meters, "others", Statements::others);
  }

  private static void statements(
      Meters<Gapless> meters, String kind, ToDoubleFunction<Statements> count) {
    meters.counter(
        "gapless.tail.statements",
        "What the tail asked the database",
        tail(t -> count.applyAsDouble(t.statements())),
        "kind",
        kind);
  }

  private static void bindListener(Meters<Gapless> meters) {
    meters
        .states(
            "gapless.listener.state",
            "What the listener does: 1 for the current state",
            ListenerStatus.State.class,
            (node, state) ->
                node.status().listener().filter(l -> l.state() == state).isPresent() ? 1 : 0)
        .counter(
            "gapless.listener.restarts",
            "How often the listener failed and began anew",
            listener(ListenerStatus::restarts))
        .counter(
            "gapless.listener.notifications",
            "Notifications received, of all writers",
            listener(ListenerStatus::notifications))
        .gauge(
            "gapless.notify.queue.usage",
            "How much of the cluster's queue of notifications is in use, 0 to 1",
            listener(ListenerStatus::queueUsage));
  }

  private static void bindHub(Meters<Gapless> meters) {
    String subscribers =
        "Subscriptions: live, reading history, or fallen back because they read slowly";
    meters
        .gauge("gapless.subscribers", subscribers, hub(HubStatus::live), "state", "live")
        .gauge(
            "gapless.subscribers",
            subscribers,
            hub(h -> Math.max(0, h.catchingUp() - h.behind())),
            "state",
            "catching_up")
        .gauge("gapless.subscribers", subscribers, hub(HubStatus::behind), "state", "behind")
        .counter(
            "gapless.deliveries",
            "Events handed to subscribers, each counted for each of them",
            hub(HubStatus::delivered))
        .gauge("gapless.ring.events", "Events in memory", hub(HubStatus::ringEvents))
        .bytes("gapless.ring", "Memory that they take", hub(HubStatus::ringBytes))
        .counter(
            "gapless.catchup.pages",
            "Pages of history for subscribers: read, or shared with another one's read",
            hub(HubStatus::catchUpReads),
            "from",
            "database")
        .counter(
            "gapless.catchup.pages",
            "Pages of history for subscribers: read, or shared with another one's read",
            hub(HubStatus::catchUpShared),
            "from",
            "cache")
        .gauge(
            "gapless.catchup.pending",
            "Reads of the database for subscribers that run or wait for their turn",
            hub(HubStatus::catchUpPending))
        .counter(
            "gapless.catchup.failures",
            "Reads of the database for subscribers that failed; they are tried again",
            hub(HubStatus::catchUpFailures))
        .counter(
            "gapless.hub.restarts",
            "How often the hub failed and began anew",
            hub(HubStatus::restarts))
        .counter(
            "gapless.cursor.checks",
            "Cursors verified in the database",
            hub(HubStatus::cursorChecks));
  }

  private static void bindPartitions(Meters<Gapless> meters) {
    meters
        .gauge("gapless.partitions", "Partitions of the log", partitions(Partitions.Status::count))
        .gauge(
            "gapless.partitions.ahead",
            "Partitions that stand ready above the last position",
            partitions(Partitions.Status::ahead))
        .gauge(
            "gapless.partitions.missing",
            "1 if fewer stand ready than gapless.log.partitions-ahead asks for",
            partitions(p -> p.enough() ? 0 : 1))
        .gauge(
            "gapless.log.position",
            "The highest position handed out, as last looked up",
            partitions(Partitions.Status::lastPosition))
        .counter(
            "gapless.housekeeping.failures",
            "Times that making partitions ahead and removing old keys failed",
            node -> node.status().housekeeping().failures());
  }

  private static void bindRetention(Meters<Gapless> meters) {
    meters
        .bytes(
            "gapless.log.size",
            "Size of the log as retention saw it last; not there before its first run",
            retention(r -> r.extent().map(extent -> (double) extent.bytes()).orElse(Double.NaN)))
        .counter(
            "gapless.retention.removed",
            "Partitions that this node removed",
            retention(RetentionStatus::removed))
        .seconds(
            "gapless.retention.waiting",
            "How long a removal has not got through because of open transactions; 0 if none",
            retention(r -> r.waitingSince().map(GaplessMetrics::secondsSince).orElse(0.0)))
        .counter(
            "gapless.retention.failures",
            "Runs of retention that failed",
            retention(RetentionStatus::failures))
        .gauge(
            "gapless.erasures.pending",
            "Erasures of owners that are not done, as last looked up",
            node -> node.status().erasures().map(ErasureStatus::pending).orElse(0));
  }

  private static ToDoubleFunction<Gapless> retention(ToDoubleFunction<RetentionStatus> value) {
    return node -> node.status().retention().map(value::applyAsDouble).orElse(0.0);
  }

  private static ToDoubleFunction<Gapless> hub(ToDoubleFunction<HubStatus> value) {
    return node -> value.applyAsDouble(node.status().hub());
  }

  private static ToDoubleFunction<Gapless> tail(ToDoubleFunction<TailStatus> value) {
    return node -> node.status().tail().map(value::applyAsDouble).orElse(0.0);
  }

  private static ToDoubleFunction<Gapless> listener(ToDoubleFunction<ListenerStatus> value) {
    return node -> node.status().listener().map(value::applyAsDouble).orElse(0.0);
  }

  private static ToDoubleFunction<Gapless> partitions(ToDoubleFunction<Partitions.Status> value) {
    Function<Gapless, Double> read =
        node -> node.status().partitions().map(value::applyAsDouble).orElse(Double.NaN);
    return read::apply;
  }

  private static double secondsSince(Instant moment) {
    return Duration.between(moment, Instant.now()).toMillis() / 1e3;
  }
}
