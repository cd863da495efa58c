package dev.gapless.torture;

import java.util.List;

/** The part of the report that is about nodes that are members of a cluster. */
final class ClusterReport {
  private static final String INTRODUCTION =
      """
      ## Nodes of a cluster

      The same, with nodes that form a [cluster](operations.md#cluster) over a network of its own: *cluster* has 3
      nodes, *six* has 6, all started at once; 1 to 4 faults within 8 seconds. Half of the faults are those of the
      table above; the others are the cluster's own: nothing reaches one node's Artery any more, or anybody's, or two
      groups of any sizes do not reach each other, each until a part of the cluster has been downed; any number of
      nodes is killed with SIGKILL at once; all nodes are stopped at once. Every third schedule parts the cluster and
      leaves everything else alone.

      | schedule | seeds | failed | events committed | deliveries | reconnects | cluster systems downed | one cluster \
      again after: median, longest | time |
      |---|---|---|---|---|---|---|---|---|
      """;

  private static final String RULES =
      """

      Failed means what it means above, and besides: a stream that a node ended although no fault that ends streams \
      was there; in a cluster that is only parted, a subscriber that had to come back, or that did not get within 30 \
      seconds, before the network was healed, what was committed; nodes that are not, within 5 minutes after all \
      are ready, one cluster of exactly the live nodes, everybody up and reachable, as each of them sees it (the \
      time in the table); a line of level ERROR (but `log_diverged` where commits were lost). A member that is not \
      heard for 2 seconds is given up here, so a busy machine parts the cluster without a fault as well: more systems \
      are downed than the faults explain.

      """;

  private ClusterReport() {}

  static String section(List<Result> results) {
    if (results.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder(INTRODUCTION);
    ReliabilityReport.byShape(results)
        .forEach(
            (shape, runs) ->
                text.append(
                    ReliabilityReport.row(
                        shape,
                        ReliabilityReport.seeds(runs),
                        ReliabilityReport.number(runs.stream().filter(Result::failed).count()),
                        ReliabilityReport.sum(runs, Result::events),
                        ReliabilityReport.sum(runs, Result::deliveries),
                        ReliabilityReport.sum(runs, Result::reconnects),
                        ReliabilityReport.sum(runs, Result::downed),
                        together(runs),
                        "%.1f h"
                            .formatted(runs.stream().mapToLong(Result::millis).sum() / 3.6e6))));
    return text.append(RULES).append(ReliabilityReport.faultTable(results)).toString();
  }

  private static String together(List<Result> runs) {
    long[] sorted = runs.stream().mapToLong(Result::togetherMillis).sorted().toArray();
    return "%.1f s, %.1f s"
        .formatted(sorted[sorted.length / 2] / 1e3, sorted[sorted.length - 1] / 1e3);
  }
}
