package dev.gapless.tail;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What successive lock reads have shown: pairs of a position that was visible before the read, and
 * the transactions that held the sequence's lock then and have held it ever since. When a pair has
 * no transaction left, every position up to its own is decided. Not thread-safe.
 *
 * <p>A younger pair holds every transaction an older one does, so the pairs run empty in order.
 */
final class LockSets {
  /** More would gain little: each new lock read makes room as soon as the oldest runs empty. */
  private static final int CAPACITY = 8;

  private record Pair(long upTo, Set<String> holders) {}

  private final List<Pair> pairs = new ArrayList<>(CAPACITY);

  /**
   * Drops the transactions that have ended.
   *
   * @return whether the oldest pair lost one
   */
  boolean retainHolders(Set<String> holders) {
    if (pairs.isEmpty()) {
      return false;
    }
    int before = pairs.get(0).holders().size();
    pairs.forEach(pair -> pair.holders().retainAll(holders));
    return pairs.get(0).holders().size() < before;
  }

  /**
   * @param upTo was visible (or handed out) before the holders were read
   */
  void add(long upTo, Set<String> holders) {
    if (pairs.isEmpty() || (pairs.size() < CAPACITY && upTo > pairs.get(pairs.size() - 1).upTo())) {
      pairs.add(new Pair(upTo, new HashSet<>(holders)));
    }
  }

  /** Removes the pairs that have run empty; the highest position decided by them, or 0. */
  long takeDecided() {
    long decided = 0;
    while (!pairs.isEmpty() && pairs.get(0).holders().isEmpty()) {
      decided = pairs.remove(0).upTo();
    }
    return decided;
  }

  void dropUpTo(long position) {
    pairs.removeIf(pair -> pair.upTo() <= position);
  }

  void clear() {
    pairs.clear();
  }

  /** The transactions the oldest undecided positions wait for. */
  Set<String> blockers() {
    return pairs.isEmpty() ? Set.of() : Set.copyOf(pairs.get(0).holders());
  }
}
