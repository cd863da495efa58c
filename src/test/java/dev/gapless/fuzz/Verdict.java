package dev.gapless.fuzz;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the documents say of the answer to a request, as far as its grammar knows.
 *
 * @param statuses of an answer without a fault; empty if only the general rules hold
 * @param faults one of them has to be named, if there are any
 */
record Verdict(Set<Integer> statuses, Set<Fault> faults) {
  /**
   * @param named the member {@code field} of a problem, with {@code @} and the index if there is
   *     one, or the text of the homeserver API; a star at its end is for anything, and so is
   *     nothing at all
   */
  record Fault(int status, String named) implements Comparable<Fault> {
    boolean names(String text) {
      return named.endsWith("*")
          ? text.startsWith(named.substring(0, named.length() - 1))
          : named.isEmpty() || named.equals(text);
    }

    @Override
    public int compareTo(Fault other) {
      int order = Integer.compare(status, other.status);
      return order != 0 ? order : named.compareTo(other.named);
    }
  }

  Verdict {
    statuses = new TreeSet<>(statuses);
    faults = new TreeSet<>(faults);
  }

  /** Any answer that the documents know. */
  static Verdict unknown() {
    return new Verdict(Set.of(), Set.of());
  }

  static Verdict refusedSomehow() {
    return new Verdict(
        Set.of(),
        IntStream.range(400, 500)
            .mapToObj(status -> new Fault(status, ""))
            .collect(Collectors.toSet()));
  }

  static Verdict accepted(Integer... statuses) {
    return new Verdict(Set.of(statuses), Set.of());
  }

  /** Refused for one of the faults; if there are none, accepted. */
  static Verdict unless(Set<Fault> faults, Integer... statuses) {
    return new Verdict(faults.isEmpty() ? Set.of(statuses) : Set.of(), faults);
  }

  /** Or refused for one of these. */
  Verdict withFaults(Set<Fault> more) {
    Set<Fault> all = new TreeSet<>(faults);
    all.addAll(more);
    return new Verdict(statuses, all);
  }

  boolean isKnown() {
    return !statuses.isEmpty() || !faults.isEmpty();
  }

  boolean allows(int status) {
    return statuses.contains(status) || faults.stream().anyMatch(fault -> fault.status() == status);
  }

  boolean allows(int status, String named) {
    return statuses.contains(status)
        || faults.stream().anyMatch(fault -> fault.status() == status && fault.names(named));
  }
}
