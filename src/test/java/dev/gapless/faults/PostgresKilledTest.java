package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** All processes of PostgreSQL die at once under load, and it is started again. */
@ExtendWith(FaultNodes.class)
class PostgresKilledTest {
  private static final List<Duration> AWAY = List.of(Duration.ZERO, Duration.ofSeconds(3));

  @Test
  void whatWasAcknowledgedOrDeliveredIsStillThere(Pair nodes) throws Exception {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      try (Load load = Load.startStubborn(nodes.database.dataSource(), 4, 27)) {
        for (Duration away : AWAY) {
          Watchers.awaitMore(watchers.all(0), 50);
          nodes.database.kill9();
          long killed = System.nanoTime();
          if (!away.isZero()) {
            await("not ready").atMost(Duration.ofSeconds(20)).until(() -> noneIsReady(nodes));
            await()
                .atMost(away.multipliedBy(10))
                .until(() -> System.nanoTime() - killed > away.toNanos());
            assertThat(noneIsReady(nodes)).isTrue();
          }
          nodes.database.start();
          long back = System.nanoTime();
          for (ServerNode node : List.of(nodes.a, nodes.b)) {
            await("ready").atMost(Duration.ofSeconds(30)).until(node::isReady);
          }
          System.out.printf(
              "PostgreSQL killed: ready %d ms after its start%n",
              (System.nanoTime() - back) / 1_000_000);
        }
        Watchers.awaitMore(watchers.all(0), 50);
        Watchers.awaitMore(watchers.all(1), 50);
      }
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      System.out.printf(
          "PostgreSQL killed %d times: %,d events, each once on open streams%n",
          AWAY.size(), events);
    }
    nodes.awaitOrder();
  }

  private static boolean noneIsReady(Pair nodes) {
    return !nodes.a.isReady() && !nodes.b.isReady();
  }
}
