package dev.gapless.tail;

import java.util.ArrayList;
import java.util.List;

/**
 * The writers are alike: which of them is how far makes no difference. So of all states that differ
 * in that only, one is kept, in which they are sorted.
 */
final class ModelSymmetry {
  private final ModelReader reader;

  ModelSymmetry(ModelReader reader) {
    this.reader = reader;
  }

  ModelState sorted(ModelState state) {
    int[] order = order(state.writers());
    if (isSorted(order)) {
      return state;
    }
    int[] places = new int[order.length];
    List<ModelWriter> writers = new ArrayList<>(order.length);
    for (int i = 0; i < order.length; i++) {
      places[order[i]] = i;
    }
    for (int who : order) {
      writers.add(state.writers().get(who).withNotifiersAt(places));
    }
    int look = state.isLooking() ? renumbered(state.look(), places) : state.look();
    return state
        .withWriters(List.copyOf(writers))
        .withReader(reader.renumbered(state.reader(), places), look);
  }

  /** Who comes to stand at each place: those that have come furthest first. */
  static int[] order(List<ModelWriter> writers) {
    int[] order = new int[writers.size()];
    long[] codes = new long[writers.size()];
    for (int i = 0; i < order.length; i++) {
      long code = writers.get(i).code(false);
      int at = i;
      for (; at > 0 && codes[at - 1] < code; at--) {
        codes[at] = codes[at - 1];
        order[at] = order[at - 1];
      }
      codes[at] = code;
      order[at] = i;
    }
    return order;
  }

  private static boolean isSorted(int[] order) {
    for (int i = 0; i < order.length; i++) {
      if (order[i] != i) {
        return false;
      }
    }
    return true;
  }

  static int renumbered(int holders, int[] places) {
    int renumbered = 0;
    for (int i = 0; i < places.length; i++) {
      renumbered |= (holders >> 2 * i & 3) << 2 * places[i];
    }
    return renumbered;
  }

  static int code(int[] places) {
    int code = 1;
    for (int place : places) {
      code = code << 2 | place;
    }
    return code;
  }
}
