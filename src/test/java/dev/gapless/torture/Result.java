package dev.gapless.torture;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a run showed; a line of JSON in the results.
 *
 * @param build {@code main}, or the name of a broken build
 * @param events committed while it ran
 * @param deliveries events that all its subscribers got
 * @param reconnects connections of subscribers beyond each one's first
 * @param faults how often each kind was injected
 * @param millis from its begin until everybody had everything
 * @param settleMillis of these, after the last fault was healed
 * @param downed cluster systems that ended while their nodes went on
 * @param togetherMillis after the last fault was healed and all were ready, until all nodes were
 *     one cluster
 */
record Result(
    long seed,
    String shape,
    String build,
    int nodes,
    long events,
    long deliveries,
    long reconnects,
    long resets,
    long phantoms,
    Map<FaultKind, Integer> faults,
    List<String> problems,
    long millis,
    long settleMillis,
    long downed,
    long togetherMillis) {
  boolean failed() {
    return !problems.isEmpty();
  }

  Result withProblems(List<String> more) {
    return new Result(
        seed,
        shape,
        build,
        nodes,
        events,
        deliveries,
        reconnects,
        resets,
        phantoms,
        faults,
        Stream.concat(problems.stream(), more.stream()).toList(),
        millis,
        settleMillis,
        downed,
        togetherMillis);
  }
}
