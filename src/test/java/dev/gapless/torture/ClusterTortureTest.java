package dev.gapless.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.torture.Plans.Habit;
import dev.gapless.torture.Plans.Kind;
import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Plans.SubscriberPlan;
import dev.gapless.torture.Plans.WriterPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What happens to a cluster ends no stream, changes nothing of its contents, and heals by itself.
 */
class ClusterTortureTest {
  private static final Path RESULTS = Path.of("target", "torture", "verify.jsonl");
  private static final Filter ALL = new Filter(false, List.of(), List.of(), List.of());

  /** Writers of all kinds, and on each node one who begins there now, and one who reads it all. */
  private static Schedule schedule(Shape shape, Step... steps) {
    List<WriterPlan> writers = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      writers.add(new WriterPlan(writers.size(), kind, writers.size()));
    }
    List<SubscriberPlan> subscribers = new ArrayList<>();
    for (int node = 0; node < shape.nodes(); node++) {
      for (Start start : List.of(Start.NOW, Start.EARLIEST)) {
        int number = subscribers.size();
        subscribers.add(new SubscriberPlan(number, ALL, start, 0, Habit.STEADY, node, number));
      }
    }
    return new Schedule(0, shape, shape.nodes(), writers, subscribers, List.of(steps));
  }

  private static Step step(FaultKind kind, int node, long argument) {
    return new Step(0, Duration.ofSeconds(1), Duration.ofSeconds(1), kind, node, argument);
  }

  private static Result run(World world, Schedule schedule) {
    Result result = Run.of(world, schedule, "main");
    System.out.printf(
        "%s: %,d events, %,d deliveries, %d reconnects, %d systems downed, one cluster after %.1f"
            + " s, %.1f s in all%n",
        result.faults(),
        result.events(),
        result.deliveries(),
        result.reconnects(),
        result.downed(),
        result.togetherMillis() / 1e3,
        result.millis() / 1e3);
    if (result.failed()) {
      Evidence.keep(world, schedule, result);
    }
    assertThat(result.problems()).isEmpty();
    return result;
  }

  @Test
  void twoOfThreeAreKilledAndThenOneIsCutOff() {
    Shape shape = Shape.CLUSTER.lasting(Duration.ofSeconds(3));
    try (World world = Campaign.world(shape, Optional.empty())) {
      Result killed = run(world, schedule(shape, step(FaultKind.KILL_SEVERAL, 0, 2)));
      assertThat(killed.reconnects()).as("of the streams of two nodes").isGreaterThanOrEqualTo(4);
      Result cutOff = run(world, schedule(shape, step(FaultKind.BLACK_HOLE_ARTERY, 0, 0)));
      assertThat(cutOff.downed()).isPositive();
      assertThat(cutOff.reconnects()).isZero();
    }
  }

  @Test
  @Tag("long")
  void sixAreKilledInAnyNumberAndParted() {
    long fresh = ThreadLocalRandom.current().nextInt(1_000_000, Integer.MAX_VALUE);
    System.out.println("seed " + fresh);
    SplittableRandom random = new SplittableRandom(fresh);
    try (World world = Campaign.world(Shape.SIX, Optional.empty())) {
      // three and three
      run(world, schedule(Shape.SIX, step(FaultKind.PARTITION, 0, 0b101010 - 1)));
      run(world, schedule(Shape.SIX, step(FaultKind.BLACK_HOLE_ALL_ARTERY, 0, 0)));
      for (FaultKind kind :
          List.of(FaultKind.KILL_SEVERAL, FaultKind.PARTITION, FaultKind.KILL_SEVERAL)) {
        run(world, schedule(Shape.SIX, step(kind, random.nextInt(6), random.nextLong())));
      }
      run(world, schedule(Shape.SIX, step(FaultKind.RESTART_ALL, 0, 0)));
    }
  }

  @Test
  @Tag("long")
  void anyFaultsAtAll() {
    long fresh = ThreadLocalRandom.current().nextInt(1_000_000, Integer.MAX_VALUE);
    for (Shape shape : List.of(Shape.CLUSTER, Shape.SIX)) {
      assertThat(
              new Campaign(shape, Optional.empty(), RESULTS, false)
                  .run(LongStream.rangeClosed(fresh, fresh + 2), 1))
          .allSatisfy(
              result -> assertThat(result.problems()).as("seed %d", result.seed()).isEmpty());
    }
  }
}
