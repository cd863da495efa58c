package dev.gapless.testkit;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A reset announced for whoever sends a statement next. Thread-safe. */
final class PostgresCut {
  private final String text;
  private final AtomicLong left;
  private final AtomicBoolean taken;
  private volatile boolean done;

  private PostgresCut(String text, long bytes, boolean over) {
    this.text = text;
    this.left = new AtomicLong(bytes);
    this.taken = new AtomicBoolean(over);
    this.done = over;
  }

  static PostgresCut none() {
    return new PostgresCut("", 0, true);
  }

  static PostgresCut after(String text, long bytes) {
    return new PostgresCut(text, bytes, false);
  }

  /** Whether it concerns a connection that sends this; true for one connection only. */
  boolean takes(String statement) {
    return !taken.get() && statement.contains(text) && taken.compareAndSet(false, true);
  }

  /** For the connection concerned: how many of the bytes may pass. Fewer than all are the last. */
  int allow(int bytes) {
    long after = left.addAndGet(-bytes);
    if (after >= 0 || done) {
      return bytes;
    }
    done = true;
    return (int) (bytes + after);
  }

  boolean isDone() {
    return done;
  }
}
