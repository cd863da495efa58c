package dev.gapless.dashboard;

import dev.gapless.HousekeepingStatus;
import dev.gapless.NodeStatus;
import dev.gapless.RetentionStatus;
import dev.gapless.hub.HubStatus;
import dev.gapless.hub.SlowSubscriber;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.LastFailure;
import dev.gapless.log.LogExtent;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A node as the page shows it. Written as JSON; holds no owner, path or payload.
 *
 * @param at milliseconds since the epoch
 */
record NodeView(
    String node,
    String version,
    long at,
    Flags flags,
    List<Alert> alerts,
    List<Part> parts,
    List<Hold> holds,
    List<Slow> slowest,
    Map<String, Object> figures) {

  /**
   * What only the faces know.
   *
   * @param openStreams of all kinds
   */
  record Flags(boolean ready, boolean draining, int openStreams) {}

  /**
   * An actor that matters.
   *
   * @param well whether its state is the one it should be in
   * @param restarts how often it began anew
   * @param since milliseconds since the epoch, 0 if it is not known
   * @param failure the last one in words; empty if there was none
   * @param failedAt milliseconds since the epoch
   */
  record Part(
      String name,
      String state,
      boolean well,
      long restarts,
      long since,
      String failure,
      long failedAt,
      String detail) {}

  /** A transaction that holds back the log. */
  record Hold(int pid, String name, long seconds) {}

  /**
   * A subscriber that has far to go.
   *
   * @param distance positions
   * @param silent milliseconds since something was handed on to it
   * @param open milliseconds since it came
   */
  record Slow(long number, String state, long distance, long silent, long open) {}

  static NodeView of(
      String node, NodeStatus status, List<SlowSubscriber> slowest, Flags flags, Instant now) {
    List<Part> parts = new ArrayList<>();
    status.listener().ifPresent(listener -> parts.add(listener(listener)));
    status.tail().ifPresent(tail -> parts.add(tail(tail)));
    parts.add(hub(status.hub(), flags));
    parts.add(catchUp(status.hub()));
    parts.add(housekeeping(status));
    status.retention().filter(RetentionStatus::on).ifPresent(r -> parts.add(retention(r)));
    return new NodeView(
        node,
        implementationVersion(),
        now.toEpochMilli(),
        flags,
        Alerts.of(status, flags.draining(), now),
        parts,
        status.tail().map(tail -> holds(tail, now)).orElse(List.of()),
        slowest.stream().map(NodeView::slow).toList(),
        figures(status, flags));
  }

  private static Slow slow(SlowSubscriber one) {
    return new Slow(
        one.number(),
        one.behind() ? "behind" : "catching up",
        one.distance(),
        one.silent().toMillis(),
        one.open().toMillis());
  }

  private static Part housekeeping(NodeStatus status) {
    HousekeepingStatus housekeeping = status.housekeeping();
    boolean enough = status.partitions().map(Partitions.Status::enough).orElse(true);
    String state =
        housekeeping.failing()
            ? "failing"
            : !enough ? "partitions missing" : housekeeping.runs() == 0 ? "beginning" : "done";
    return new Part(
        "housekeeping",
        state,
        enough && !housekeeping.failing(),
        0,
        0,
        text(housekeeping.lastFailure()),
        at(housekeeping.lastFailure()),
        status.partitions().map(p -> p.count() + " partitions, " + p.ahead() + " ahead").orElse("")
            + failed(housekeeping.failures()));
  }

  private static String failed(long count) {
    return count == 0 ? "" : ", " + count(count) + " failed";
  }

  private static Part retention(RetentionStatus retention) {
    boolean waits = retention.waitingSince().isPresent();
    return new Part(
        "retention",
        waits ? "waiting" : "on",
        !waits,
        0,
        retention.waitingSince().map(Instant::toEpochMilli).orElse(0L),
        retention.lastFailure().map(f -> f.type() + " " + f.state()).orElse(""),
        retention.lastFailure().map(f -> f.at().toEpochMilli()).orElse(0L),
        count(retention.removed()) + " partitions removed");
  }

  private static Part listener(ListenerStatus listener) {
    return part(
        "listener",
        listener.state(),
        listener.state() == ListenerStatus.State.LISTENING,
        listener.restarts(),
        listener.since().toEpochMilli(),
        listener.lastFailure(),
        count(listener.notifications()) + " notifications");
  }

  private static Part tail(TailStatus tail) {
    return part(
        "tail",
        tail.state(),
        tail.state() == TailStatus.State.FOLLOWING,
        Math.max(0, tail.restarts() - 1),
        0,
        tail.lastFailure(),
        count(tail.connects())
            + " connections, "
            + count(tail.statements().total())
            + " statements");
  }

  private static Part hub(HubStatus hub, Flags flags) {
    return new Part(
        "hub",
        flags.draining() ? "draining" : flags.ready() ? "delivering" : "waiting",
        flags.ready(),
        hub.restarts(),
        0,
        "",
        0,
        count(hub.delivered()) + " deliveries");
  }

  private static Part catchUp(HubStatus hub) {
    return new Part(
        "catch-up readers",
        hub.catchingUp() == 0 ? "idle" : "reading",
        true,
        0,
        0,
        text(hub.lastCatchUpFailure()),
        at(hub.lastCatchUpFailure()),
        count(hub.catchUpReads())
            + " pages read, "
            + count(hub.catchUpShared())
            + " shared, "
            + count(hub.catchUpPending())
            + " in flight"
            + failed(hub.catchUpFailures()));
  }

  private static Part part(
      String name,
      Enum<?> state,
      boolean well,
      long restarts,
      long since,
      Optional<LastFailure> failure,
      String detail) {
    return new Part(
        name,
        state.name().toLowerCase(Locale.ROOT),
        well,
        restarts,
        since,
        text(failure),
        at(failure),
        detail);
  }

  private static String text(Optional<LastFailure> failure) {
    return failure.map(f -> f.type() + ": " + f.message()).orElse("");
  }

  private static long at(Optional<LastFailure> failure) {
    return failure.map(f -> f.at().toEpochMilli()).orElse(0L);
  }

  private static List<Hold> holds(TailStatus tail, Instant now) {
    long seconds =
        tail.blockedSince().map(since -> Duration.between(since, now).toSeconds()).orElse(0L);
    List<Hold> holds = new ArrayList<>();
    for (Blocker blocker : tail.blockers()) {
      holds.add(new Hold(blocker.pid(), blocker.name(), seconds));
    }
    return holds;
  }

  private static Map<String, Object> figures(NodeStatus status, Flags flags) {
    HubStatus hub = status.hub();
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("head", hub.head().toString());
    figures.put("lag", status.tail().map(TailStatus::lag).orElse(0L));
    figures.put("ringEvents", hub.ringEvents());
    figures.put("ringBytes", hub.ringBytes());
    figures.put("live", hub.live());
    figures.put("catchingUp", Math.max(0, hub.catchingUp() - hub.behind()));
    figures.put("behind", hub.behind());
    figures.put("streams", flags.openStreams());
    figures.put("partitions", status.partitions().map(Partitions.Status::count).orElse(0));
    status.retention().flatMap(RetentionStatus::extent).ifPresent(log -> extent(log, figures));
    return figures;
  }

  private static void extent(LogExtent log, Map<String, Object> figures) {
    figures.put("logBytes", log.bytes());
    figures.put("earliest", log.earliest().toString());
    log.oldestAt().ifPresent(at -> figures.put("oldestAt", at.toEpochMilli()));
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String implementationVersion() {
    String version = NodeView.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
