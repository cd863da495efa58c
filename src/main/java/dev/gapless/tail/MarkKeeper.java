package dev.gapless.tail;

import dev.gapless.event.Cursor;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Stores the decided mark when the head has moved, at most once an interval, so that a node need
 * not wait for parked writers when it starts. Not thread-safe.
 */
final class MarkKeeper {
  private final long interval;
  private Cursor stored = Cursor.EARLIEST;
  private boolean replace;
  private long lastStore;

  MarkKeeper(Duration interval, long now) {
    this.interval = interval.toNanos();
    this.lastStore = now - interval.toNanos();
  }

  /** The next store puts the mark back too: an older one is of a history that is no more. */
  void restarted() {
    replace = true;
  }

  /** When to store, if there is something to store. */
  OptionalLong dueAt(Cursor head) {
    return head.isEarliest() || head.equals(stored)
        ? OptionalLong.empty()
        : OptionalLong.of(lastStore + interval);
  }

  void store(TailConnection connection, Cursor head, long now) throws SQLException {
    lastStore = now;
    connection.storeDecided(head, replace);
    stored = head;
    replace = false;
  }
}
