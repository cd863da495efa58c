package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.PostgresProxy.Use;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.TcpProxy.Flow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Only the connection that listens hears nothing any more, and is told nothing. */
@ExtendWith(FaultNodes.class)
class ListenerBlackHoledTest {
  private static final long CEILING = Duration.ofSeconds(30).toNanos();

  private final Pair nodes;

  ListenerBlackHoledTest(Pair nodes) {
    this.nodes = nodes;
  }

  @AfterEach
  void heal() {
    nodes.networkOfA.flow(Use.LISTENER, Flow.PASS);
    nodes.awaitOrder();
  }

  @Test
  void eventsGoOnArrivingUntilItIsReplaced() {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a)) {
      long failures = FaultNodes.listenerFailures(nodes.a);
      nodes.networkOfA.silence(Use.LISTENER);
      long begun = System.nanoTime();
      List<Double> unnoticed =
          write(watchers, () -> FaultNodes.listenerFailures(nodes.a) == failures);
      write(watchers, () -> !FaultNodes.isListening(nodes.a));
      double recovery = (System.nanoTime() - begun) / 1e6;
      watchers.assertComplete();
      watchers.assertStayedOpen();
      System.out.printf(
          "listener recovery, black hole: %.0f ms; meanwhile %d events arrived by polling, after at"
              + " most %.0f ms%n",
          recovery, unnoticed.size(), unnoticed.get(unnoticed.size() - 1));
      assertThat(unnoticed).as("delivered before anybody knew").isNotEmpty();
    }
  }

  @Test
  void eventsGoOnArrivingWhileNoOtherCanTakeItsPlace() {
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a)) {
      long failures = FaultNodes.listenerFailures(nodes.a);
      FaultNodes.assertSilent(nodes.a);
      nodes.networkOfA.flow(Use.LISTENER, Flow.BLACK_HOLE);
      write(watchers, () -> FaultNodes.listenerFailures(nodes.a) == failures);
      // down, and known to be down: polls are quicker now
      List<Double> known =
          write(watchers, () -> FaultNodes.listenerFailures(nodes.a) < failures + 2);
      assertThat(FaultNodes.isListening(nodes.a)).isFalse();
      assertThat(nodes.a.isReady()).as("it delivers all the same").isTrue();
      assertThat(Scrape.of(nodes.a).value("gapless_listener_state", "state", "listening")).isZero();
      assertThat(Scrape.of(nodes.a).value("gapless_tail_state", "state", "following")).isOne();
      nodes.networkOfA.flow(Use.LISTENER, Flow.PASS);
      long healed = System.nanoTime();
      write(watchers, () -> !FaultNodes.isListening(nodes.a));
      FaultNodes.assertSilent(nodes.a);
      watchers.assertComplete();
      watchers.assertStayedOpen();
      System.out.printf(
          "listener black-holed for long: %d events by polling, after at most %.0f ms; back %d ms"
              + " after the network%n",
          known.size(), known.get(known.size() - 1), (System.nanoTime() - healed) / 1_000_000);
    }
  }

  /** One event after the other, each awaited: how long each took, in milliseconds, sorted. */
  private List<Double> write(Watchers watchers, BooleanSupplier goOn) {
    List<Double> millis = new ArrayList<>();
    long begun = System.nanoTime();
    while (goOn.getAsBoolean()) {
      int count = watchers.all(0).count();
      nodes.oracle.execute("SELECT gapless.publish('%s', '/quiet', 'x')".formatted(Load.owner(0)));
      long committed = System.nanoTime();
      Watchers.awaitCount(watchers.all(0), count + 1);
      millis.add((System.nanoTime() - committed) / 1e6);
      assertThat(System.nanoTime() - begun).as("it never ends").isLessThan(CEILING);
    }
    millis.sort(null);
    return millis;
  }
}
