package dev.gapless.torture;

import java.util.LinkedHashMap;
import java.util.Map;

/** After how long the signs of a fault were seen, and gone. */
final class Times {
  private final long begun = System.nanoTime();
  private final Map<String, Long> seen = new LinkedHashMap<>();
  private long ended = begun;
  private long quiet;

  void seen(String what) {
    seen.putIfAbsent(what, since(begun));
  }

  boolean has(String what) {
    return seen.containsKey(what);
  }

  /** It is healed. */
  void end() {
    ended = System.nanoTime();
  }

  void silent() {
    quiet = since(ended);
  }

  private static long since(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }

  @Override
  public String toString() {
    return seen + " (ms); silent again " + quiet + " ms after it was healed";
  }
}
