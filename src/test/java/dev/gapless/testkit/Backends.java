package dev.gapless.testkit;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;

/** The server processes of PostgreSQL that work for a node, and their end. */
public final class Backends {
  private final Oracle oracle;
  private final String ofNode;

  private Backends(Oracle oracle, String node) {
    this.oracle = oracle;
    this.ofNode =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            + " AND application_name = 'gapless/"
            + node
            + "'";
  }

  /** Those of a node, in the database of the oracle. */
  public static Backends of(Oracle oracle, ServerNode node) {
    return new Backends(oracle, node.name());
  }

  /**
   * The one that listens, if there is one now. Its last statement is LISTEN or the heartbeat, which
   * nobody else sends.
   */
  public Optional<Long> listener() {
    List<Long> pids = oracle.numbers(ofNode + " AND query SIMILAR TO 'LISTEN%|SELECT 1'");
    return pids.isEmpty() ? Optional.empty() : Optional.of(pids.get(0));
  }

  /** All of them. */
  public List<Long> all() {
    return oracle.numbers(ofNode);
  }

  /** Ends the one that listens, waiting for it if it has to; its process id. */
  public long terminateListener() {
    long pid = awaitListener();
    terminate(pid);
    return pid;
  }

  public long awaitListener() {
    return Awaitility.await("a backend that listens")
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(5))
        .until(this::listener, Optional::isPresent)
        .orElseThrow();
  }

  /** As an administrator would: its client gets an error and the end of the connection. */
  public void terminate(long pid) {
    oracle.execute("SELECT pg_terminate_backend(" + pid + ")");
  }

  public void terminateAll() {
    oracle.execute("SELECT pg_terminate_backend(pid) FROM (" + ofNode + ") AS ours");
  }
}
