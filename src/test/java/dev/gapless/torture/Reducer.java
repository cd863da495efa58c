package dev.gapless.torture;

import dev.gapless.testkit.BrokenBuild;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/**
 * Looks for the shortest schedule that still fails: takes away faults, then subscribers, then
 * writers, as long as one of a few tries fails without them. What depends on timing may need more
 * tries than that, so the result is a schedule that has failed, not the least one there is.
 */
final class Reducer {
  private static final int TRIES = 2;

  /** What is lost never comes: each try that fails waits so long for it. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final Optional<BrokenBuild> broken;

  Reducer(Optional<BrokenBuild> broken) {
    this.broken = broken;
  }

  /** A schedule that has failed; the given one if nothing can be spared. */
  Schedule reduce(Schedule failing) {
    Schedule best = failing;
    best = without(best, best.stepNumbers(), Schedule::withSteps);
    best = without(best, numbers(best, true), Schedule::withSubscribers);
    return without(best, numbers(best, false), Schedule::withWriters);
  }

  private static Set<Integer> numbers(Schedule schedule, boolean subscribers) {
    return subscribers
        ? schedule.subscribers().stream().map(plan -> plan.number()).collect(Collectors.toSet())
        : schedule.writers().stream().map(plan -> plan.number()).collect(Collectors.toSet());
  }

  /** In halves, then quarters, and so on down to single ones. */
  private Schedule without(
      Schedule schedule, Set<Integer> all, BiFunction<Schedule, Set<Integer>, Schedule> select) {
    Schedule best = schedule;
    Set<Integer> kept = new HashSet<>(all);
    for (int size = Math.max(1, kept.size() / 2); size >= 1; size /= 2) {
      List<Integer> candidates = kept.stream().sorted().toList();
      for (int at = 0; at < candidates.size(); at += size) {
        Set<Integer> rest = new HashSet<>(kept);
        candidates.subList(at, Math.min(candidates.size(), at + size)).forEach(rest::remove);
        Schedule shorter = select.apply(best, rest);
        if (rest.size() < kept.size() && fails(shorter)) {
          kept = rest;
          best = shorter;
        }
      }
    }
    return best;
  }

  private boolean fails(Schedule schedule) {
    for (int i = 0; i < TRIES; i++) {
      try (World world = Campaign.world(schedule.shape(), broken)) {
        if (Run.of(world, schedule, Campaign.name(broken), PATIENCE).failed()) {
          System.out.println("shorter so far: " + command(schedule, broken));
          return true;
        }
      }
    }
    return false;
  }

  /** What to type to run this schedule. */
  static String command(Schedule schedule, Optional<BrokenBuild> broken) {
    Schedule drawn = Schedule.draw(schedule.seed(), schedule.shape());
    StringBuilder options =
        new StringBuilder("--seeds " + schedule.seed() + " --shape " + schedule.shape().name());
    broken.ifPresent(build -> options.append(" --broken ").append(build.name()));
    if (!schedule.stepNumbers().equals(drawn.stepNumbers())) {
      options.append(" --steps ").append(list(schedule.stepNumbers()));
    }
    if (!numbers(schedule, true).equals(numbers(drawn, true))) {
      options.append(" --subscribers ").append(list(numbers(schedule, true)));
    }
    if (!numbers(schedule, false).equals(numbers(drawn, false))) {
      options.append(" --writers ").append(list(numbers(schedule, false)));
    }
    return "mvn -q -Ptorture test-compile exec:exec -Dtorture=\"" + options + "\"";
  }

  private static String list(Set<Integer> numbers) {
    return numbers.isEmpty()
        ? "none"
        : numbers.stream().sorted().map(String::valueOf).collect(Collectors.joining(","));
  }
}
