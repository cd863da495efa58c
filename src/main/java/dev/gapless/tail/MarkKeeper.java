package dev.gapless.tail;

import dev.gapless.event.Cursor;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;

/**
 * Stores the decided mark when the head has moved, at most once an interval, so that a node need
 * not wait for parked writers when it starts. Not thread-safe.
 */
final class MarkKeeper {
  /**
   * Classes of SQLSTATE: syntax error or access rule violation, and insufficient resources such as
   * room on the disk. The connection is as good as before.
   */
  private static final Set<String> REFUSED = Set.of("42", "53");

  private final Logger log;
  private final long interval;
  private Cursor stored = Cursor.EARLIEST;
  private boolean replace;
  private boolean refused;
  private long lastStore;

  MarkKeeper(Logger log, Duration interval, long now) {
    this.log = log;
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
    stored = head;
    try {
      connection.storeDecided(head, replace);
      replace = false;
    } catch (SQLException e) {
      String state = e.getSQLState();
      if (state == null || state.length() != 5 || !REFUSED.contains(state.substring(0, 2))) {
        throw e;
      }
      // the log can be followed without: only a start behind a parked writer takes longer
      if (!refused) {
        log.atWarn().addKeyValue("state", state).log("mark_not_stored");
      }
      refused = true;
    }
  }
}
