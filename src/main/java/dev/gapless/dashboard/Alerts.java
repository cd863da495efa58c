package dev.gapless.dashboard;

import dev.gapless.HousekeepingStatus;
import dev.gapless.NodeStatus;
import dev.gapless.dashboard.Alert.Severity;
import dev.gapless.hub.HubStatus;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.LastFailure;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is wrong with a node, in words. Pure. */
final class Alerts {
  /** Shorter ones are a commit that takes a moment, or a connection that is made anew. */
  private static final Duration WORTH_TELLING = Duration.ofSeconds(1);

  private static final double QUEUE_FILLING = 0.25;
  private static final double MANY_BEHIND = 0.2;
  private static final int FEW = 10;

  private Alerts() {}

  static List<Alert> of(NodeStatus status, boolean draining, Instant now) {
    List<Alert> alerts = new ArrayList<>();
    status.tail().ifPresent(tail -> tail(tail, now, alerts));
    status.listener().ifPresent(listener -> listener(listener, now, alerts));
    status.partitions().ifPresent(partitions -> partitions(partitions, alerts));
    housekeeping(status.housekeeping(), alerts);
    hub(status.hub(), alerts);
    if (draining) {
      alerts.add(
          new Alert(Severity.NOTE, "drained: it takes no new streams until it is restarted"));
    }
    alerts.sort((one, other) -> other.severity().compareTo(one.severity()));
    return alerts;
  }

  private static void tail(TailStatus tail, Instant now, List<Alert> alerts) {
    if (tail.state() == TailStatus.State.DISCONNECTED) {
      alerts.add(
          new Alert(
              Severity.CRITICAL,
              "the tail has no connection to the database" + failure(tail.lastFailure().stream())));
    } else if (tail.state() == TailStatus.State.STARTING) {
      alerts.add(new Alert(Severity.WARNING, "the head of the log is not decided yet"));
    }
    tail.blockedSince()
        .map(since -> Duration.between(since, now))
        .filter(length -> length.compareTo(WORTH_TELLING) >= 0)
        .ifPresent(length -> blocked(tail, length, alerts));
    if (tail.forcedPosition() > 0) {
      alerts.add(
          new Alert(
              Severity.CRITICAL,
              String.format(
                  Locale.ROOT,
                  "somebody inserted position %,d above the sequence: it is held back",
                  tail.forcedPosition())));
    }
  }

  private static void blocked(TailStatus tail, Duration length, List<Alert> alerts) {
    String who =
        tail.blockers().isEmpty()
            ? "an open transaction"
            : tail.blockers().stream().map(Alerts::name).collect(Collectors.joining(", "));
    alerts.add(
        new Alert(
            Severity.WARNING,
            String.format(
                Locale.ROOT,
                "%s holds back %,d positions for %s",
                who,
                tail.lag(),
                length(length))));
  }

  private static String name(Blocker blocker) {
    if (blocker.pid() == 0) {
      return "prepared transaction " + blocker.name();
    }
    return "writer "
        + blocker.pid()
        + (blocker.name().isEmpty() ? "" : " (" + blocker.name() + ")");
  }

  private static void listener(ListenerStatus listener, Instant now, List<Alert> alerts) {
    Duration length = Duration.between(listener.since(), now);
    if (listener.state() != ListenerStatus.State.LISTENING
        && length.compareTo(WORTH_TELLING) >= 0) {
      String why =
          listener.state() == ListenerStatus.State.DEAF
              ? ": LISTEN is accepted and nothing arrives, most likely a pooler stands between"
              : failure(listener.lastFailure().stream());
      alerts.add(
          new Alert(
              Severity.WARNING,
              "no notifications for " + length(length) + ", the tail polls instead" + why));
    }
    if (listener.queueUsage() >= QUEUE_FILLING) {
      alerts.add(
          new Alert(
              Severity.WARNING,
              String.format(
                  Locale.ROOT,
                  "PostgreSQL's queue of notifications is %.0f %% full: a session listens and does"
                      + " not read",
                  listener.queueUsage() * 100)));
    }
  }

  private static void partitions(Partitions.Status partitions, List<Alert> alerts) {
    if (!partitions.enough()) {
      alerts.add(
          new Alert(
              Severity.CRITICAL,
              "only "
                  + partitions.ahead()
                  + " partitions stand ready: inserts fail beyond position "
                  + (partitions.end() - 1)));
    }
  }

  private static void housekeeping(HousekeepingStatus housekeeping, List<Alert> alerts) {
    if (housekeeping.failing()) {
      alerts.add(
          new Alert(
              Severity.WARNING,
              "housekeeping fails, no partitions are made ahead"
                  + failure(housekeeping.lastFailure().stream())));
    }
  }

  private static void hub(HubStatus hub, List<Alert> alerts) {
    int all = hub.live() + hub.catchingUp();
    if (all >= FEW && hub.behind() > MANY_BEHIND * all) {
      alerts.add(
          new Alert(
              Severity.WARNING,
              hub.behind() + " of " + all + " subscribers read more slowly than events come"));
    }
  }

  private static String failure(java.util.stream.Stream<LastFailure> last) {
    return last.map(failure -> ": " + failure.type() + ", " + failure.message())
        .findFirst()
        .orElse("");
  }

  static String length(Duration length) {
    long seconds = length.toSeconds();
    if (seconds < 120) {
      return seconds + " s";
    }
    return seconds < 7_200 ? seconds / 60 + " min" : seconds / 3_600 + " h";
  }
}
