package dev.gapless.torture;

import java.time.Duration;

/**
 * How large a run is.
 *
 * @param nodes the most server processes; a run draws how many of them its clients use
 * @param load how long writers write and faults happen
 * @param pause a writer's mean pause between two transactions
 * @param runsOfAWorld how many follow each other in one world; one that fails ends its world
 * @param silence after how long without a byte a subscriber comes back
 * @param cluster whether the nodes are members of one; then all of them take part
 */
record Shape(
    String name,
    int nodes,
    Duration load,
    int writers,
    int subscribers,
    int minFaults,
    int maxFaults,
    Duration pause,
    int runsOfAWorld,
    Duration silence,
    boolean cluster) {
  /** Many of them: about ten seconds with the time to settle. */
  static final Shape SHORT =
      new Shape(
          "short",
          3,
          Duration.ofMillis(3_500),
          6,
          14,
          1,
          4,
          Duration.ofMillis(15),
          25,
          Duration.ofSeconds(3),
          false);

  static final Shape LONG =
      new Shape(
          "long",
          3,
          Duration.ofMinutes(5),
          20,
          200,
          40,
          60,
          Duration.ofMillis(500),
          1,
          Duration.ofSeconds(4),
          false);

  /** Half of the faults are the cluster's own. */
  static final Shape CLUSTER =
      new Shape(
          "cluster",
          3,
          Duration.ofSeconds(8),
          6,
          14,
          1,
          4,
          Duration.ofMillis(40),
          10,
          Duration.ofSeconds(8),
          true);

  static final Shape SIX =
      new Shape(
          "six",
          6,
          Duration.ofSeconds(8),
          6,
          18,
          1,
          4,
          Duration.ofMillis(60),
          5,
          Duration.ofSeconds(15),
          true);

  Shape lasting(Duration otherLoad) {
    return new Shape(
        name,
        nodes,
        otherLoad,
        writers,
        subscribers,
        minFaults,
        maxFaults,
        pause,
        runsOfAWorld,
        silence,
        cluster);
  }

  static Shape named(String name) {
    return switch (name) {
      case "short" -> SHORT;
      case "long" -> LONG;
      case "cluster" -> CLUSTER;
      case "six" -> SIX;
      default ->
          throw new IllegalArgumentException("no shape " + name + ": short, long, cluster or six");
    };
  }
}
