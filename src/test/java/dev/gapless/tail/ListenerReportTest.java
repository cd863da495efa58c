package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.tail.ListenerStatus.State;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ListenerReportTest {

  @Test
  void triesInVainArePartOfOneTimeWithoutNotifications() {
    List<ListenerStatus> told = new ArrayList<>();
    ListenerReport report = new ListenerReport(told::add);
    report.begin();
    report.state(State.LISTENING);
    Instant listening = last(told).since();
    tick();
    report.failed(new SQLException("gone"));
    Instant lost = last(told).since();
    assertThat(lost).isAfter(listening);
    for (int i = 0; i < 3; i++) {
      tick();
      report.state(State.CONNECTING);
      report.failed(new SQLException("still away"));
      assertThat(last(told).since()).isEqualTo(lost);
    }
    report.state(State.DEAF);
    assertThat(last(told).since()).isEqualTo(lost);
    tick();
    report.state(State.LISTENING);
    assertThat(last(told).since()).isAfter(lost);
  }

  private static void tick() {
    Instant before = Instant.now();
    await().until(() -> Instant.now().isAfter(before.plusMillis(1)));
  }

  private static ListenerStatus last(List<ListenerStatus> told) {
    return told.get(told.size() - 1);
  }
}
