package dev.gapless.torture;

import static dev.gapless.torture.Sign.Where.BOTH;
import static dev.gapless.torture.Sign.Where.FIRST;

import dev.gapless.torture.Sign.Metric;

/** How each fault shows: what the table in docs/operations.md says, in a form to be tested. */
final class Signs {
  private static final String TAIL = "gapless_tail_state";
  private static final String CONNECTS = "gapless_tail_connects_total";
  private static final String LISTENER = "gapless_listener_state";
  private static final String RESTARTS = "gapless_listener_restarts_total";
  private static final String REQUESTS = "gapless_http_requests_seconds_count";

  private Signs() {}

  /** The compiler asks for a new one with each new kind. */
  static Sign of(FaultKind kind) {
    return switch (kind) {
      case KILL_NODE, STOP_NODE, KILL_SEVERAL, RESTART_ALL ->
          Sign.of("a node is killed or stopped", FIRST, Metric.away()).alert("GaplessNodeDown");
      case PAUSE_NODE ->
          Sign.of("a node stands still", FIRST, Metric.away()).alert("GaplessNodeDown");
      case STOP_POSTGRES, KILL_POSTGRES -> databaseAway(BOTH, "PostgreSQL is stopped or killed");
      case CUT_DATABASE -> databaseAway(FIRST, "PostgreSQL is stopped or killed");
      case TERMINATE_LISTENER ->
          Sign.of("the listener's backend", FIRST, Metric.grows(1, RESTARTS))
              .alert("GaplessListenerRestarts")
              .logs("listener_failed")
              .logsAfter("listener_restarted");
      case TERMINATE_BACKENDS, RESET_DATABASE ->
          Sign.of(
                  "all connections of a node",
                  FIRST,
                  Metric.grows(1, CONNECTS),
                  Metric.grows(1, RESTARTS))
              .alert("GaplessListenerRestarts")
              .logs("tail_disconnected", "listener_failed")
              .logsAfter("tail_reconnected", "listener_restarted");
      case RESET_IN_ANSWER ->
          Sign.of("the tail's connection breaks", FIRST, Metric.grows(1, CONNECTS))
              .logs("tail_disconnected")
              .logsAfter("tail_reconnected");
      case BLACK_HOLE_LISTENER ->
          Sign.of(
                  "the network of the listener",
                  FIRST,
                  Metric.is(0, LISTENER, "state", "listening"),
                  Metric.is(1, TAIL, "state", "following"))
              .alert("GaplessListenerDown")
              .says("no notifications for")
              .logs("listener_failed")
              .logsAfter("listener_restarted");
      case BLACK_HOLE_DATABASE, HOLD_DATABASE -> databaseAway(FIRST, "the network of the database");
      case SLOW_DATABASE -> Sign.of("the database is slow", FIRST, Metric.late("0.5"));
      case NO_NOTIFY ->
          Sign.of(
              "notifying is switched off",
              BOTH,
              Metric.prefers("gapless_tail_wakes_total", "cause", "poll", "notify"));
      case SWALLOW_NOTIFICATIONS ->
          Sign.of("a pooler accepts LISTEN", FIRST, Metric.is(1, LISTENER, "state", "deaf"))
              .alert("GaplessListenerDown")
              .says("most likely a pooler stands between", "listener deaf")
              .logs("listener_deaf");
      case CLOCK_JUMP ->
          Sign.of("the clock of a node", FIRST, Metric.late("30.0")).alert("GaplessSlow");
      case DISK_FULL ->
          Sign.of("the disk of the database", BOTH, Metric.grows(1, REQUESTS, "status", "503"))
              .alert("GaplessRequestsFail")
              .logs("publish_failed");
      case PREPARED_IN_DOUBT, PARKED_WRITER ->
          Sign.of(
                  "a writer keeps its transaction open",
                  BOTH,
                  Metric.is(1, TAIL, "state", "blocked"),
                  Metric.atLeast(1, "gapless_hole_blocked_seconds"),
                  Metric.is(1, "gapless_hole_blockers"))
              .alert("GaplessHoleBlocked")
              .says("holds back", "tail blocked")
              .logs("hole_blocked")
              .logsAfter("hole_passed");
      case TERMINATE_WRITERS -> Sign.of("writers end", BOTH);
      case BULK ->
          Sign.of("one transaction of very many rows", BOTH, Metric.grows(100_000, "gapless_head"));
      case ASYNC_CRASH ->
          Sign.of(
                  "the log goes back in time",
                  BOTH,
                  Metric.grows(1, "gapless_cursor_resets_total", "reason", "diverged"))
              .alert("GaplessLogDiverged")
              .logs("log_diverged");
      // between the nodes of a cluster only: ClusterTest looks at them
      case BLACK_HOLE_ARTERY, BLACK_HOLE_ALL_ARTERY, PARTITION ->
          Sign.of("the nodes do not reach", FIRST);
      case RESET_CLIENTS -> clientsComeBack(FIRST);
      case STORM -> clientsComeBack(BOTH);
      case BLACK_HOLE_CLIENTS ->
          Sign.of("the network of the clients", FIRST, Metric.falls("gapless_streams"));
    };
  }

  private static Sign databaseAway(Sign.Where where, String row) {
    return Sign.of(
            row,
            where,
            Metric.is(1, TAIL, "state", "disconnected"),
            Metric.is(0, LISTENER, "state", "listening"))
        .alert("GaplessTailDisconnected", "GaplessListenerDown")
        .says(
            "the tail has no connection to the database",
            "no notifications for",
            "tail disconnected")
        .logs("tail_disconnected", "listener_failed")
        .logsAfter("tail_reconnected", "listener_restarted");
  }

  private static Sign clientsComeBack(Sign.Where where) {
    return Sign.of(
        "clients are cut off",
        where,
        Metric.grows(2, REQUESTS, "route", "/v1/events", "method", "GET", "status", "200"));
  }
}
