package dev.gapless.torture;

import dev.gapless.torture.Plans.SubscriberPlan;
import dev.gapless.torture.Plans.WriterPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A run, drawn from its seed: the same seed and shape give the same schedule on every machine. What
 * the threads and processes then make of it differs from run to run.
 */
record Schedule(
    long seed,
    Shape shape,
    int nodes,
    List<WriterPlan> writers,
    List<SubscriberPlan> subscribers,
    List<Step> steps) {
  private static final int PARTS_ONLY =
      (int) FaultKind.OF_THE_CLUSTER.stream().filter(FaultKind::partsTheCluster).count();

  Schedule {
    writers = List.copyOf(writers);
    subscribers = List.copyOf(subscribers);
    steps = List.copyOf(steps);
  }

  static Schedule draw(long seed, Shape shape) {
    // golden-ratio multiples keep neighbouring seeds apart
    SplittableRandom random = new SplittableRandom(seed * 0x9e3779b97f4a7c15L);
    SplittableRandom forWriters = random.split();
    SplittableRandom forSubscribers = random.split();
    SplittableRandom forSteps = random.split();
    int nodes = 1 + random.nextInt(shape.nodes());
    if (shape == Shape.LONG || shape.cluster()) {
      nodes = shape.nodes();
    }
    List<WriterPlan> writers = new ArrayList<>();
    for (int i = 0; i < shape.writers(); i++) {
      writers.add(WriterPlan.draw(i, forWriters.split()));
    }
    List<SubscriberPlan> subscribers = new ArrayList<>();
    for (int i = 0; i < shape.subscribers(); i++) {
      subscribers.add(SubscriberPlan.draw(i, forSubscribers.split()));
    }
    return new Schedule(seed, shape, nodes, writers, subscribers, steps(shape, nodes, forSteps));
  }

  private static List<Step> steps(Shape shape, int nodes, SplittableRandom random) {
    int count = random.nextInt(shape.minFaults(), shape.maxFaults() + 1);
    int weights = 0;
    for (FaultKind kind : FaultKind.values()) {
      weights += kind.weight;
    }
    int ofTheCluster = shape.cluster() ? ofTheCluster(random) : 0;
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FaultKind kind =
          ofTheCluster > 0 && (ofTheCluster == PARTS_ONLY || random.nextBoolean())
              ? FaultKind.OF_THE_CLUSTER.get(random.nextInt(ofTheCluster))
              : kind(random.nextInt(weights));
      Duration at = Duration.ofMillis(random.nextLong(200, shape.load().toMillis() * 3 / 4));
      Duration lasts =
          Duration.ofMillis(
              random.nextInt(4) == 0 ? random.nextInt(1, 200) : random.nextInt(200, 2_500));
      if (shape == Shape.LONG && random.nextInt(4) == 0) {
        lasts = lasts.multipliedBy(5);
      }
      steps.add(new Step(i, at, lasts, kind, random.nextInt(nodes), random.nextLong()));
    }
    steps.sort(Comparator.comparing(Step::at));
    return steps;
  }

  /** Every third schedule of a cluster leaves everything else alone. */
  private static int ofTheCluster(SplittableRandom random) {
    return random.nextInt(3) == 0 ? PARTS_ONLY : FaultKind.OF_THE_CLUSTER.size();
  }

  private static FaultKind kind(int drawn) {
    int rest = drawn;
    for (FaultKind kind : FaultKind.values()) {
      rest -= kind.weight;
      if (rest < 0) {
        return kind;
      }
    }
    throw new IllegalStateException();
  }

  /** Whether committed events may be gone afterwards. */
  boolean mayLoseCommits() {
    return steps.stream().anyMatch(step -> step.kind().losesCommits());
  }

  /** Whether clients, database and processes are left alone. */
  boolean onlyPartsTheCluster() {
    return steps.stream().allMatch(step -> step.kind().partsTheCluster());
  }

  Schedule withSteps(Set<Integer> numbers) {
    return new Schedule(
        seed,
        shape,
        nodes,
        writers,
        subscribers,
        steps.stream().filter(step -> numbers.contains(step.number())).toList());
  }

  Schedule withSubscribers(Set<Integer> numbers) {
    return new Schedule(
        seed,
        shape,
        nodes,
        writers,
        subscribers.stream().filter(plan -> numbers.contains(plan.number())).toList(),
        steps);
  }

  Schedule withWriters(Set<Integer> numbers) {
    return new Schedule(
        seed,
        shape,
        nodes,
        writers.stream().filter(plan -> numbers.contains(plan.number())).toList(),
        subscribers,
        steps);
  }

  Set<Integer> stepNumbers() {
    return steps.stream().map(Step::number).collect(Collectors.toSet());
  }

  @Override
  public String toString() {
    return "seed %d (%s), %d nodes, %d writers, %d subscribers, faults:%n%s"
        .formatted(
            seed,
            shape.name(),
            nodes,
            writers.size(),
            subscribers.size(),
            steps.stream().map(step -> "  " + step).collect(Collectors.joining("\n")));
  }
}
