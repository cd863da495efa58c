package dev.gapless.torture;

import dev.gapless.testkit.BrokenBuild;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line of the torture suite. */
@Command(
    name = "torture",
    mixinStandardHelpOptions = true,
    description = "Tries to make Gapless lose, repeat or reorder an event.")
public final class Torture implements Callable<Integer> {
  @Option(names = "--seeds", description = "such as 7 or 1-1000", defaultValue = "1-10")
  private String seeds = "";

  @Option(names = "--shape", description = "short, long, cluster or six", defaultValue = "short")
  private String shape = "";

  @Option(names = "--lanes", description = "worlds side by side", defaultValue = "1")
  private int lanes;

  @Option(
      names = "--broken",
      description = "a build with something taken away: ${COMPLETION-CANDIDATES}")
  private @Nullable BrokenBuild broken;

  @Option(names = "--steps", description = "only these faults, such as 0,3, or none")
  private @Nullable String steps;

  @Option(names = "--subscribers", description = "only these, such as 0,3")
  private @Nullable String subscribers;

  @Option(names = "--writers", description = "only these, such as 0,3")
  private @Nullable String writers;

  @Option(names = "--show", description = "print the schedules and run nothing")
  private boolean show;

  @Option(names = "--reduce", description = "look for the shortest schedule that still fails")
  private boolean reduce;

  @Option(names = "--results", description = "where results are added, a line each")
  private Path results = Path.of("target", "torture", "results.jsonl");

  @Option(names = "--report", description = "write this page from the results, and run nothing")
  private @Nullable Path report;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Torture()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (report != null) {
      Files.writeString(report, ReliabilityReport.page(Campaign.read(results)));
      return 0;
    }
    Shape size = Shape.named(shape);
    if (show) {
      seeds().forEach(seed -> System.out.println(selected(Schedule.draw(seed, size))));
      return 0;
    }
    Optional<BrokenBuild> build = Optional.ofNullable(broken);
    List<Result> done;
    if (steps != null || subscribers != null || writers != null) {
      done = seeds().mapToObj(seed -> once(selected(Schedule.draw(seed, size)), build)).toList();
    } else {
      done = new Campaign(size, build, results, broken != null).run(seeds(), lanes);
    }
    List<Result> failed = done.stream().filter(Result::failed).toList();
    for (Result result : failed) {
      Schedule schedule = selected(Schedule.draw(result.seed(), size));
      System.out.printf("%s%nreplay:  %s%n", schedule, Reducer.command(schedule, build));
      if (reduce) {
        Schedule shortest = new Reducer(build).reduce(schedule);
        System.out.printf("%s%nshorter: %s%n", shortest, Reducer.command(shortest, build));
      }
    }
    System.out.printf("%d runs, %d failed%n", done.size(), failed.size());
    return failed.isEmpty() ? 0 : 1;
  }

  private Result once(Schedule schedule, Optional<BrokenBuild> build) {
    System.out.println(schedule);
    try (World world = Campaign.world(schedule.shape(), build)) {
      Result result = Run.of(world, schedule, Campaign.name(build));
      if (result.failed()) {
        Evidence.keep(world, schedule, result);
      }
      System.out.println(result);
      return result;
    }
  }

  private LongStream seeds() {
    String[] ends = seeds.split("-");
    return LongStream.rangeClosed(Long.parseLong(ends[0]), Long.parseLong(ends[ends.length - 1]));
  }

  private Schedule selected(Schedule drawn) {
    Schedule selected = drawn;
    if (steps != null) {
      selected = selected.withSteps(numbers(steps));
    }
    if (subscribers != null) {
      selected = selected.withSubscribers(numbers(subscribers));
    }
    if (writers != null) {
      selected = selected.withWriters(numbers(writers));
    }
    return selected;
  }

  private static Set<Integer> numbers(String list) {
    return list.equals("none")
        ? Set.of()
        : Arrays.stream(list.split(",")).map(Integer::valueOf).collect(Collectors.toSet());
  }
}
