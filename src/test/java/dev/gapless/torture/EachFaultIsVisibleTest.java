package dev.gapless.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.MovableClock;
import dev.gapless.testkit.PostgresProxy.Use;
import dev.gapless.testkit.Promtool;
import dev.gapless.testkit.Scrape;
import dev.gapless.testkit.Silence;
import dev.gapless.testkit.SmallDisk;
import dev.gapless.torture.Sign.Metric;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each fault of the suite, one after the other, on two nodes under load: what metrics, dashboard,
 * log and alerts show before it, while it lasts and after it; and that without one they show
 * nothing. {@link Signs} says what.
 */
class EachFaultIsVisibleTest {
  private static final Duration CEILING = Duration.ofSeconds(45);

  /** How long a fault without any sign is watched. */
  private static final Duration NOTHING_SEEN = Duration.ofMillis(1_500);

  private static final Duration HEALTHY = Duration.ofSeconds(6);

  private static World world;
  private static final List<Watched> nodes = new ArrayList<>();

  @BeforeAll
  static void start() {
    Optional<MovableClock> clock =
        MovableClock.isPossible() ? Optional.of(new MovableClock()) : Optional.empty();
    world = new World(2, List.of(), clock, /* cluster= */ false);
    world.nodes.forEach(node -> nodes.add(new Watched(node.server())));
  }

  @AfterAll
  static void stop() throws IOException {
    for (Watched node : nodes) {
      node.close();
    }
    nodes.clear();
    world.close();
  }

  @Test
  void aHealthyRunIsSilent() throws Exception {
    try (Crowd crowd = Crowd.restless(world)) {
      crowd.awaitEvents();
      Map<String, Scrape> before = awaitSilence();
      nodes.forEach(Watched::mark);
      Recording recording = new Recording();
      Set<String> names = Recording.names();
      Set<String> broken = new LinkedHashSet<>();
      long end = System.nanoTime() + HEALTHY.toNanos();
      double events = 0;
      while (System.nanoTime() - end < 0) {
        Map<String, Double> all = new TreeMap<>();
        for (Watched node : nodes) {
          Optional<Scrape> now = node.scrape();
          Scrape first = before.get(node.name());
          broken.addAll(now.map(n -> Silence.broken(first, n)).orElse(List.of("no answer")));
          broken.addAll(node.words());
          all.putAll(Recording.series(names, node.name(), now));
          events = now.orElse(first).value("gapless_tail_events_total");
        }
        recording.add(all);
        LockSupport.parkNanos(100_000_000);
      }
      assertThat(broken).isEmpty();
      for (Watched node : nodes) {
        assertThat(node.warnings()).isEmpty();
      }
      int scrapes = recording.scrapes();
      if (Promtool.isThere()) {
        assertThat(recording.alertsAt(Recording.every(4, scrapes)).values()).allMatch(Set::isEmpty);
      }
      System.out.printf(
          "healthy for %d s: %d scrapes of %d nodes under %.0f events and %d connects, all silent%n",
          HEALTHY.toSeconds(),
          scrapes,
          nodes.size(),
          events - before.get(nodes.get(1).name()).value("gapless_tail_events_total"),
          crowd.connects());
      assertThat(events).as("it was under load").isGreaterThan(100);
    }
  }

  static Stream<FaultKind> withoutACluster() {
    return Arrays.stream(FaultKind.values())
        .filter(kind -> !FaultKind.OF_THE_CLUSTER.contains(kind));
  }

  @ParameterizedTest
  @MethodSource("withoutACluster")
  void itShowsWhileItLastsAndIsGoneAfterwards(FaultKind kind) throws Exception {
    Assumptions.assumeTrue(
        kind != FaultKind.CLOCK_JUMP || world.node(0).clock().isPresent(), "no libfaketime here");
    Assumptions.assumeTrue(
        kind != FaultKind.DISK_FULL || SmallDisk.isPossible(), "no disk can be mounted here");
    Sign sign = Signs.of(kind);
    List<Watched> shown = sign.where() == Sign.Where.BOTH ? nodes : nodes.subList(0, 1);
    List<Watched> silent = nodes.subList(shown.size(), nodes.size());
    try (Crowd crowd = Crowd.steady(world, kind)) {
      crowd.awaitEvents();
      Map<String, Scrape> before = awaitSilence();
      nodes.forEach(Watched::mark);
      Times times = new Times();
      Map<String, Optional<Scrape>> during;
      try (Lasting fault = new Lasting(crowd.faults(), kind)) {
        if (kind == FaultKind.SWALLOW_NOTIFICATIONS) {
          // else it would be found out by the next probe, up to a minute later
          LockSupport.parkNanos(300_000_000);
          world.node(0).database().reset(Use.LISTENER);
        }
        during = awaitSigns(sign, shown, silent, before, times);
      }
      world.heal();
      world.awaitReady();
      times.end();
      Map<String, Scrape> after = awaitSilence();
      for (Watched node : shown) {
        await(sign.loggedAfter() + " of " + node.name())
            .atMost(CEILING)
            .until(() -> sign.loggedAfter().stream().allMatch(node::hasLogged));
      }
      times.silent();
      if (Promtool.isThere()) {
        Prolonged.Alerts alerts = new Prolonged(before, during, after).alerts();
        System.out.printf("%s: alerts %s%n", kind, alerts.raised());
        assertThat(alerts.quiet()).as("before and after").isEmpty();
        assertThat(alerts.raised()).containsAll(sign.alerts());
      }
      System.out.printf("%s: %s%n", kind, times);
    }
  }

  /** Each node silent, for two scrapes that follow each other; the second ones. */
  private static Map<String, Scrape> awaitSilence() {
    Map<String, Scrape> last = new HashMap<>();
    for (Watched node : nodes) {
      await(node.name() + " is silent")
          .atMost(CEILING)
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(200))
          .untilAsserted(
              () -> {
                Optional<Scrape> now = node.scrape();
                assertThat(now).isPresent();
                Scrape before = last.getOrDefault(node.name(), now.get());
                last.put(node.name(), now.get());
                assertThat(before).isNotSameAs(now.get());
                assertThat(Silence.broken(before, now.get())).isEmpty();
                assertThat(now.get().value("hikaricp_connections_pending")).isZero();
                assertThat(node.alerts()).isEmpty();
              });
    }
    return last;
  }

  /** What the nodes showed when each of the metrics did what it should. */
  private static Map<String, Optional<Scrape>> awaitSigns(
      Sign sign,
      List<Watched> shown,
      List<Watched> silent,
      Map<String, Scrape> before,
      Times times) {
    Map<String, Optional<Scrape>> during = new LinkedHashMap<>();
    long begun = System.nanoTime();
    Set<String> missing = new LinkedHashSet<>(List.of("everything"));
    while (!missing.isEmpty()) {
      assertThat(System.nanoTime() - begun)
          .as("missing: %s", missing)
          .isLessThan(CEILING.toNanos());
      missing.clear();
      for (Watched node : shown) {
        Scrape first = before.get(node.name());
        Optional<Scrape> now = node.scrape();
        for (Metric metric : sign.metrics()) {
          if (metric.seen().in(first, now)) {
            times.seen(metric.what());
          } else if (!times.has(metric.what()) || shown.size() > 1) {
            missing.add(node.name() + ": " + metric.what());
          }
        }
        for (String name : sign.logged()) {
          see(node.hasLogged(name), "log " + name, times, missing);
        }
        for (String words : sign.words()) {
          see(node.hasShown(words), "dashboard '" + words + "'", times, missing);
        }
        during.put(node.name(), now);
      }
      for (Watched node : silent) {
        Optional<Scrape> now = node.scrape();
        assertThat(now).as("%s answers", node.name()).isPresent();
        assertThat(Silence.broken(before.get(node.name()), now.get())).as(node.name()).isEmpty();
        assertThat(node.words()).as(node.name()).isEmpty();
        during.put(node.name(), now);
      }
      if (sign.metrics().isEmpty()) {
        for (Watched node : shown) {
          Optional<Scrape> now = during.getOrDefault(node.name(), Optional.empty());
          assertThat(now.map(n -> Silence.broken(before.get(node.name()), n)))
              .as(node.name())
              .contains(List.of());
          assertThat(node.words()).as(node.name()).isEmpty();
        }
        if (System.nanoTime() - begun < NOTHING_SEEN.toNanos()) {
          missing.add("a while in which nothing shows");
        }
      }
      LockSupport.parkNanos(50_000_000);
    }
    return during;
  }

  private static void see(boolean there, String what, Times times, Set<String> missing) {
    if (there) {
      times.seen(what);
    } else {
      missing.add(what);
    }
  }
}
