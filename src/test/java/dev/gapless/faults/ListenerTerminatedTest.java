package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.Backends;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The backends that listen for the nodes are terminated, each second, under load. */
@ExtendWith(FaultNodes.class)
class ListenerTerminatedTest {

  @Test
  void eachSecondForTenSeconds(Pair nodes) throws Exception {
    terminate(nodes, 10);
  }

  @Test
  @Tag("long")
  void eachSecondForAMinute(Pair nodes) throws Exception {
    terminate(nodes, 60);
  }

  private static void terminate(Pair nodes, int seconds) throws Exception {
    List<Double> millis = new ArrayList<>();
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      try (Load load = Load.start(nodes.database.dataSource(), 2, 21)) {
        long begun = System.nanoTime();
        for (int i = 1; i <= seconds; i++) {
          millis.add(recovery(nodes, nodes.a));
          millis.add(recovery(nodes, nodes.b));
          long next = begun + Duration.ofSeconds(i).toNanos();
          LockSupport.parkNanos(next - System.nanoTime());
        }
        load.runFor(Duration.ofMillis(100));
      }
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      List<Double> sorted = millis.stream().sorted().toList();
      System.out.printf(
          "listener recovery, clean kill: %d kills, median %.0f ms, at most %.0f ms;"
              + " %,d events without a gap%n",
          sorted.size(), sorted.get(sorted.size() / 2), sorted.get(sorted.size() - 1), events);
      assertThat(sorted.get(sorted.size() / 2))
          .as("median: pauses must not grow while each connection lasts a second")
          .isLessThan(1_000);
    }
    nodes.awaitOrder();
  }

  /** From the end of its backend until notifications are known to arrive again. */
  private static double recovery(Pair nodes, ServerNode node) {
    long failures = FaultNodes.listenerFailures(node);
    Backends.of(nodes.oracle, node).terminateListener();
    long begun = System.nanoTime();
    await("listening again")
        .atMost(Duration.ofSeconds(20))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> FaultNodes.listenerFailures(node) > failures && FaultNodes.isListening(node));
    return (System.nanoTime() - begun) / 1e6;
  }
}
