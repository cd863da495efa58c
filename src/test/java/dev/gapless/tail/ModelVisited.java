package dev.gapless.tail;

import java.util.Arrays;

/** The states that were reached, by key, numbered in the order of their first visit. */
final class ModelVisited {
  private static final int LENGTH = ModelState.KEY_LENGTH;

  private long[] keys = new long[LENGTH << 12];
  private int[] table = new int[1 << 13];
  private int[] parents = new int[1 << 12];
  private byte[] steps = new byte[1 << 12];
  private int size;

  int size() {
    return size;
  }

  /** The state from which this one was first reached, or -1. */
  int parent(int number) {
    return parents[number];
  }

  /** Which of the steps from there it was. */
  int step(int number) {
    return steps[number];
  }

  /** Whether it is new. */
  boolean add(long[] key, int parent, int step) {
    int slot = slot(key);
    if (table[slot] != 0) {
      return false;
    }
    if (size == parents.length) {
      parents = Arrays.copyOf(parents, 2 * size);
      steps = Arrays.copyOf(steps, 2 * size);
      keys = Arrays.copyOf(keys, 2 * keys.length);
    }
    System.arraycopy(key, 0, keys, size * LENGTH, LENGTH);
    parents[size] = parent;
    steps[size] = (byte) step;
    table[slot] = ++size;
    if (2 * size > table.length) {
      grow();
    }
    return true;
  }

  private int slot(long[] key) {
    int mask = table.length - 1;
    int slot = hash(key, 0) & mask;
    while (table[slot] != 0) {
      int at = (table[slot] - 1) * LENGTH;
      if (Arrays.equals(keys, at, at + LENGTH, key, 0, LENGTH)) {
        return slot;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void grow() {
    int[] larger = new int[2 * table.length];
    int mask = larger.length - 1;
    for (int number = 0; number < size; number++) {
      int slot = hash(keys, number * LENGTH) & mask;
      while (larger[slot] != 0) {
        slot = slot + 1 & mask;
      }
      larger[slot] = number + 1;
    }
    table = larger;
  }

  private static int hash(long[] of, int at) {
    long hash = 0;
    for (int i = 0; i < LENGTH; i++) {
      hash = (hash ^ of[at + i]) * 0x9E37_79B9_7F4A_7C15L;
      hash ^= hash >>> 32;
    }
    return (int) hash;
  }
}
