package dev.gapless.tail;

import dev.gapless.log.HeadReads.Blocker;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/** Finds out who keeps the head waiting, for status and logs. Not thread-safe. */
final class BlockerWatch {
  /** Shorter waits are the ordinary life of a log. */
  private static final long FIRST_LOOK = TimeUnit.MILLISECONDS.toNanos(500);

  private static final long LOOK_INTERVAL = TimeUnit.SECONDS.toNanos(2);
  private static final long LOG_INTERVAL = TimeUnit.MINUTES.toNanos(1);

  private final Logger log;
  private List<Blocker> current = List.of();
  private long blockedSince;
  private boolean looked;
  private long lastLook;
  private long lastLog;

  BlockerWatch(Logger log) {
    this.log = log;
  }

  /** As last looked up; empty while nothing is blocked for long. */
  List<Blocker> current() {
    return current;
  }

  boolean isDue(HeadDecider decider, long now) {
    OptionalLong since = decider.blockedSince();
    if (since.isEmpty() || (looked && since.getAsLong() != blockedSince)) {
      passed(now);
    }
    return since.isPresent()
        && now - since.getAsLong() >= FIRST_LOOK
        && (!looked || now - lastLook >= LOOK_INTERVAL);
  }

  void look(TailConnection connection, HeadDecider decider, long now) throws SQLException {
    current = connection.blockers(decider.blockers());
    lastLook = now;
    if (!looked || now - lastLog >= LOG_INTERVAL) {
      lastLog = now;
      blockedSince = decider.blockedSince().orElse(now);
      current.forEach(blocker -> logBlocked(blocker, decider, now));
    }
    looked = true;
  }

  private void logBlocked(Blocker blocker, HeadDecider decider, long now) {
    log.atWarn()
        .addKeyValue("head", decider.head())
        .addKeyValue("pid", blocker.pid())
        .addKeyValue("name", blocker.name())
        .addKeyValue("waiting_ms", TimeUnit.NANOSECONDS.toMillis(now - blockedSince))
        .log("hole_blocked");
  }

  private void passed(long now) {
    if (looked) {
      log.atInfo()
          .addKeyValue("waited_ms", TimeUnit.NANOSECONDS.toMillis(now - blockedSince))
          .log("hole_passed");
    }
    looked = false;
    current = List.of();
  }
}
