package dev.gapless.torture;

import dev.gapless.testkit.BrokenBuild;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** Writes docs/reliability.md from results: nothing in it is typed by hand but the words around. */
final class ReliabilityReport {
  private static final String MAIN = "main";

  private static final String AGAIN =
      """
      The last run of a seed is the one that counts above. These came before; what was changed in between is in the
      history of the repository.

      """;

  private ReliabilityReport() {}

  static String page(List<Result> results) {
    List<Result> all = results.stream().filter(result -> result.build().equals(MAIN)).toList();
    List<Result> last = lastOfEach(all);
    List<Result> main = last.stream().filter(result -> !isOfACluster(result)).toList();
    return Words.INTRODUCTION
        + runs(main)
        + faults(main)
        + ClusterReport.section(last.stream().filter(ReliabilityReport::isOfACluster).toList())
        + broken(results)
        + failures(last)
        + repeated(all, last)
        + Words.HOW;
  }

  private static boolean isOfACluster(Result result) {
    return Shape.named(result.shape()).cluster();
  }

  /** A seed that was run again counts once. */
  private static List<Result> lastOfEach(List<Result> all) {
    Map<String, Result> last = new LinkedHashMap<>();
    all.forEach(result -> last.put(result.shape() + " " + result.seed(), result));
    return List.copyOf(last.values());
  }

  private static String repeated(List<Result> all, List<Result> last) {
    List<Result> again =
        all.stream().filter(result -> result.failed() && !last.contains(result)).toList();
    return again.isEmpty()
        ? ""
        : again.stream()
            .map(
                run ->
                    "* %s, seed %d: problems %d, the first: %s\n"
                        .formatted(
                            run.shape(), run.seed(), run.problems().size(), kind(run.problems())))
            .collect(
                Collectors.joining("", "## Runs that failed and were repeated\n\n" + AGAIN, "\n"));
  }

  /** Without the plan of the subscriber, and without what is missing. */
  private static String kind(List<String> problems) {
    String first = problems.get(0);
    int plan = first.lastIndexOf("] from ");
    String text = plan < 0 ? first : first.substring(first.indexOf(": ", plan) + 2);
    int end = text.indexOf(", the first [");
    return end < 0 ? text.lines().findFirst().orElse("") : text.substring(0, end);
  }

  static Map<String, List<Result>> byShape(List<Result> results) {
    // short before long
    Map<String, List<Result>> shapes = new TreeMap<>(java.util.Comparator.<String>reverseOrder());
    results.forEach(
        result -> shapes.computeIfAbsent(result.shape(), s -> new ArrayList<>()).add(result));
    return shapes;
  }

  private static String runs(List<Result> main) {
    StringBuilder table =
        new StringBuilder(
            """
            ## What was run

            | schedule | seeds | failed | events committed | deliveries | reconnects | time |
            |---|---|---|---|---|---|---|
            """);
    byShape(main)
        .forEach(
            (shape, runs) ->
                table.append(
                    row(
                        shape,
                        seeds(runs),
                        number(runs.stream().filter(Result::failed).count()),
                        sum(runs, Result::events),
                        sum(runs, Result::deliveries),
                        sum(runs, Result::reconnects),
                        "%.1f h"
                            .formatted(runs.stream().mapToLong(Result::millis).sum() / 3.6e6))));
    long resets = main.stream().mapToLong(Result::resets).sum();
    long phantoms = main.stream().mapToLong(Result::phantoms).sum();
    long losing = main.stream().filter(r -> r.faults().containsKey(FaultKind.ASYNC_CRASH)).count();
    table.append(
        """

        Failed means: an event lost, repeated, out of order, not committed or not asked for, a reset that was not \
        justified, an acknowledged publish that is not there once, an answer that no fault explains, a node that is \
        not ready after its faults were healed, or something that a node did not give back (memory, descriptors, \
        threads, connections, files).

        In %s runs PostgreSQL was killed after commits that did not wait for the disk (`gapless.allow_async`): there \
        %s resets were sent, all of them justified. %s times a subscriber kept an event that the crash took away \
        ([why](guarantees.md#what-cannot-be-detected)).

        """
            .formatted(number(losing), number(resets), number(phantoms)));
    return table.toString();
  }

  static String seeds(List<Result> runs) {
    long first = runs.stream().mapToLong(Result::seed).min().orElse(0);
    long last = runs.stream().mapToLong(Result::seed).max().orElse(0);
    long count = runs.stream().mapToLong(Result::seed).distinct().count();
    return "%s (%d–%d)".formatted(number(count), first, last);
  }

  private static String faults(List<Result> main) {
    return "## Faults injected\n\n" + faultTable(main);
  }

  static String faultTable(List<Result> main) {
    Map<String, List<Result>> shapes = byShape(main);
    StringBuilder table = new StringBuilder("| fault |");
    shapes.keySet().forEach(shape -> table.append(' ').append(shape).append(" |"));
    table.append("\n|---|").append("---|".repeat(shapes.size())).append('\n');
    for (FaultKind kind : FaultKind.values()) {
      if (main.stream().noneMatch(run -> run.faults().containsKey(kind))) {
        continue;
      }
      table.append("| ").append(words(kind.name())).append(" |");
      shapes
          .values()
          .forEach(
              runs ->
                  table
                      .append(' ')
                      .append(sum(runs, run -> run.faults().getOrDefault(kind, 0)))
                      .append(" |"));
      table.append('\n');
    }
    return table.append('\n').toString();
  }

  private static String broken(List<Result> results) {
    StringBuilder table =
        new StringBuilder(
            """
            ## Builds that were broken on purpose

            A machine that finds nothing proves little unless it finds what is there.

            | build | what was taken away | found |
            |---|---|---|
            """);
    for (BrokenBuild build : BrokenBuild.values()) {
      List<Result> runs = results.stream().filter(r -> r.build().equals(build.name())).toList();
      if (!runs.isEmpty()) {
        table.append(
            row(
                "`" + build.name() + "`",
                build.removed(),
                runs.stream()
                    .filter(Result::failed)
                    .findFirst()
                    .map(run -> "in run %d, seed %d".formatted(runs.indexOf(run) + 1, run.seed()))
                    .orElse("not in " + runs.size() + " runs")));
      }
    }
    return table.append('\n').toString();
  }

  private static String failures(List<Result> main) {
    List<Result> failed = main.stream().filter(Result::failed).toList();
    if (failed.isEmpty()) {
      return "";
    }
    return failed.stream()
        .map(run -> "* %s seed %d: %s\n".formatted(run.shape(), run.seed(), run.problems().get(0)))
        .collect(Collectors.joining("", "## Failed runs\n\n", "\n"));
  }

  static String row(String... cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  static String sum(List<Result> runs, ToLongFunction<Result> what) {
    return number(runs.stream().mapToLong(what).sum());
  }

  static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String words(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** The words around the figures. */
  private static final class Words {
    static final String INTRODUCTION =
        """
        # Reliability

        The torture suite (`src/test/java/dev/gapless/torture`) tries to make Gapless lose, repeat or reorder an event.
        Real server processes on a real PostgreSQL, with a network of its own between each pair; writers with plain
        SQL, `COPY`, `gapless.publish`, HTTP, files, savepoints, rollbacks, two-phase commits; subscribers with all
        kinds of filters, on both faces, that move between nodes, leave all the time, stop reading, or read byte by
        byte; and faults drawn from a seed. Afterwards an oracle compares what each subscriber received with the
        committed rows: exactly the matching events after its cursor, in order, none twice. This page is written by
        the suite from the results of its runs.

        """;

    static final String HOW =
        """
        ## How to run it

        ```
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--seeds 1-1000 --lanes 3"
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--seeds 1-20 --shape long --lanes 3"
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--seeds 1-50 --shape cluster"
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--seeds 1-10 --shape six"
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--seeds 1-50 --broken LOCK_SET_REMOVED"
        mvn -q -Ptorture test-compile exec:exec -Dtorture="--report docs/reliability.md"
        ```

        A lane is a world of its own: a PostgreSQL and three server processes. The same seed gives the same schedule
        on every machine (`--show` prints it); what threads, processes and disks make of it differs from run to run.
        A run that fails prints the command that repeats it, keeps the logs of its nodes below `target/torture`, and
        with `--reduce` the suite looks for a shorter schedule that still fails. Results go to
        `target/torture/results.jsonl`, a line for each run; the last command writes this page from them.

        `mvn verify` runs a few short seeds, and each kind of fault in a test of its own (`dev.gapless.faults`,
        `dev.gapless.failover`).

        A *short* schedule has 1 to 3 nodes, 6 writers, 14 subscribers and 1 to 4 faults within 3.5 seconds; a *long*
        one 3 nodes, 20 writers, 200 subscribers and 40 to 60 faults within 5 minutes. Then everything is healed, and
        everybody must have everything. Runs follow each other in one world (25 short ones, one long one, 10 of a
        cluster, 5 of six nodes) before what its nodes hold is compared with what they held at its begin.
        """;

    private Words() {}
  }
}
