package dev.gapless.cluster;

import java.util.Comparator;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds out that there is a second cluster, such as after the database was away for so long that a
 * new node saw nobody. One of the two has to give way: the one whose lowest address is the higher
 * one. Not thread-safe.
 */
final class TwoClusters {
  /** A node that has just joined is in the table before everybody knows of it, and the reverse. */
  private static final int PATIENCE = 4;

  private int seen;

  /**
   * @param ours addresses of the members of this node's cluster
   * @param recorded addresses of all members of whatever cluster
   * @return whether this node has to leave its cluster for the other one
   */
  boolean mustGiveWay(Set<String> ours, Set<String> recorded) {
    Set<String> others =
        recorded.stream().filter(address -> !ours.contains(address)).collect(Collectors.toSet());
    boolean theirs =
        !others.isEmpty() && !ours.isEmpty() && lowest(others).compareTo(lowest(ours)) < 0;
    seen = theirs ? seen + 1 : 0;
    return seen >= PATIENCE;
  }

  private static String lowest(Set<String> addresses) {
    return addresses.stream().min(Comparator.naturalOrder()).orElseThrow();
  }
}
