package dev.gapless.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.HousekeepingStatus;
import dev.gapless.NodeStatus;
import dev.gapless.event.Cursor;
import dev.gapless.hub.HubStatus;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.LastFailure;
import dev.gapless.log.Partitions;
import dev.gapless.tail.ListenerStatus;
import dev.gapless.tail.TailStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AlertsTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final LastFailure FAILURE =
      new LastFailure(NOW, "PSQLException", "terminating connection (57P01)");

  private static HubStatus hub(int live, int catchingUp, int behind) {
    return new HubStatus(
        Cursor.EARLIEST,
        Cursor.EARLIEST,
        0,
        0,
        live,
        catchingUp,
        behind,
        0,
        0,
        0,
        0,
        0,
        0,
        Optional.empty(),
        0);
  }

  private static TailStatus tail(
      TailStatus.State state, int secondsBlocked, long forced, Blocker... blockers) {
    return new TailStatus(
        state,
        Cursor.EARLIEST,
        12_034,
        secondsBlocked == 0 ? Optional.empty() : Optional.of(NOW.minusSeconds(secondsBlocked)),
        List.of(blockers),
        forced,
        new TailStatus.Statements(0, 0, 0),
        Map.of(),
        0,
        0,
        0,
        0,
        0,
        Optional.of(FAILURE));
  }

  private static ListenerStatus listener(ListenerStatus.State state, int seconds, double queue) {
    return new ListenerStatus(state, NOW.minusSeconds(seconds), 0, 0, queue, Optional.of(FAILURE));
  }

  private static List<String> texts(
      HubStatus hub, TailStatus tail, ListenerStatus listener, boolean enough) {
    return Alerts.of(
            new NodeStatus(
                hub,
                Optional.of(tail),
                Optional.of(listener),
                Optional.of(new Partitions.Status(3, 10, 2_001, 1, enough)),
                new HousekeepingStatus(9, 2, false, Optional.of(FAILURE)),
                Optional.empty(),
                Optional.empty()),
            false,
            NOW)
        .stream()
        .map(alert -> alert.severity() + " " + alert.text())
        .toList();
  }

  @Test
  void aHealthyNodeHasNone() {
    assertThat(
            texts(
                hub(90, 10, 5),
                tail(TailStatus.State.FOLLOWING, 0, 0),
                listener(ListenerStatus.State.LISTENING, 0, 0.1),
                true))
        .isEmpty();
  }

  @Test
  void aMomentIsNoAlert() {
    assertThat(
            texts(
                hub(1, 0, 0),
                new TailStatus(
                    TailStatus.State.BLOCKED,
                    Cursor.EARLIEST,
                    5,
                    Optional.of(NOW.minusMillis(900)),
                    List.of(),
                    0,
                    new TailStatus.Statements(0, 0, 0),
                    Map.of(),
                    0,
                    0,
                    0,
                    0,
                    0,
                    Optional.empty()),
                listener(ListenerStatus.State.CONNECTING, 0, 0),
                true))
        .isEmpty();
  }

  @Test
  void whoHoldsBackTheLogIsNamed() {
    assertThat(
            texts(
                hub(1, 0, 0),
                tail(
                    TailStatus.State.BLOCKED,
                    8,
                    0,
                    new Blocker("3/12", 4711, "billing"),
                    new Blocker("-1/9", 0, "transfer-7"),
                    new Blocker("4/1", 4712, "")),
                listener(ListenerStatus.State.LISTENING, 0, 0),
                true))
        .containsExactly(
            "WARNING writer 4711 (billing), prepared transaction transfer-7, writer 4712 holds back"
                + " 12,034 positions for 8 s");
  }

  @Test
  void theWorstComesFirst() {
    assertThat(
            texts(
                hub(6, 4, 4),
                tail(TailStatus.State.DISCONNECTED, 0, 4_711),
                listener(ListenerStatus.State.DEAF, 300, 0.5),
                false))
        .containsExactly(
            "CRITICAL the tail has no connection to the database: PSQLException, terminating"
                + " connection (57P01)",
            "CRITICAL somebody inserted position 4,711 above the sequence: it is held back",
            "CRITICAL only 1 partitions stand ready: inserts fail beyond position 2000",
            "WARNING no notifications for 5 min, the tail polls instead: LISTEN is accepted and"
                + " nothing arrives, most likely a pooler stands between",
            "WARNING PostgreSQL's queue of notifications is 50 % full: a session listens and does"
                + " not read",
            "WARNING 4 of 10 subscribers read more slowly than events come");
  }

  @Test
  void housekeepingThatFailsIsTold() {
    NodeStatus status =
        new NodeStatus(
            hub(0, 0, 0),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            new HousekeepingStatus(3, 1, true, Optional.of(FAILURE)),
            Optional.empty(),
            Optional.empty());
    assertThat(Alerts.of(status, false, NOW))
        .extracting(Alert::text)
        .containsExactly(
            "housekeeping fails, no partitions are made ahead: PSQLException, terminating"
                + " connection (57P01)");
  }
}
