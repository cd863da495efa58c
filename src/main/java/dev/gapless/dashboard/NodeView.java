package dev.gapless.dashboard;

import dev.gapless.NodeStatus;
import dev.gapless.RetentionStatus;
import dev.gapless.hub.HubStatus;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailFailure;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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

  static NodeView of(String node, NodeStatus status, Flags flags, Instant now) {
    List<Part> parts = new ArrayList<>();
    status.listener().ifPresent(listener -> parts.add(listener(listener)));
    status.tail().ifPresent(tail -> parts.add(tail(tail)));
    parts.add(hub(status.hub(), flags));
    parts.add(catchUp(status.hub()));
    status
        .partitions()
        .ifPresent(
            p ->
                parts.add(
                    new Part(
                        "housekeeping",
                        p.enough() ? "done" : "partitions missing",
                        p.enough(),
                        0,
                        0,
                        "",
                        0,
                        p.count() + " partitions, " + p.ahead() + " ahead")));
    status.retention().filter(RetentionStatus::on).ifPresent(r -> parts.add(retention(r)));
    return new NodeView(
        node,
        implementationVersion(),
        now.toEpochMilli(),
        flags,
        Alerts.of(status, flags.draining(), now),
        parts,
        status.tail().map(tail -> holds(tail, now)).orElse(List.of()),
        figures(status, flags));
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
        0,
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
        "",
        0,
        count(hub.catchUpReads()) + " pages read, " + count(hub.catchUpShared()) + " shared");
  }

  private static Part part(
      String name,
      Enum<?> state,
      boolean well,
      long restarts,
      long since,
      Optional<TailFailure> failure,
      String detail) {
    return new Part(
        name,
        state.name().toLowerCase(Locale.ROOT),
        well,
        restarts,
        since,
        failure.map(f -> f.type() + ": " + f.message()).orElse(""),
        failure.map(f -> f.at().toEpochMilli()).orElse(0L),
        detail);
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
    return Map.of(
        "head", hub.head().toString(),
        "lag", status.tail().map(TailStatus::lag).orElse(0L),
        "ringEvents", hub.ringEvents(),
        "ringBytes", hub.ringBytes(),
        "live", hub.live(),
        "catchingUp", Math.max(0, hub.catchingUp() - hub.behind()),
        "behind", hub.behind(),
        "streams", flags.openStreams(),
        "partitions", status.partitions().map(p -> p.count()).orElse(0));
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String implementationVersion() {
    String version = NodeView.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
