package dev.gapless.failover;

import dev.gapless.testkit.PostgresCopy;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TcpProxy.Flow;
import dev.gapless.testkit.TestCluster;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;

/** A standby that streams from a site's PostgreSQL, over a link that can be held up. */
record Standby(TestCluster cluster, TcpProxy link, AtomicBoolean promoted)
    implements AutoCloseable {

  static Standby of(TestCluster primary) {
    TcpProxy link = TcpProxy.to(primary.port());
    try (PostgresCopy copy = primary.copy()) {
      Standby standby = new Standby(copy.startStandbyOf(link.port()), link, new AtomicBoolean());
      Awaitility.await("the standby streams")
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> primary.query("SELECT count(*) FROM pg_stat_replication").equals("1"));
      return standby;
    }
  }

  /** Waits until it shows all that the primary has committed. */
  void catchUp(TestCluster primary) {
    cluster.awaitReplayed(primary.walPosition());
  }

  /** From now on it receives nothing: what the primary commits is lost with it. */
  void fallBehind() {
    link.toClient(Flow.HOLD);
  }

  /** It belongs to the caller from now on. */
  TestCluster promote() {
    cluster.promote();
    promoted.set(true);
    link.close();
    return cluster;
  }

  @Override
  public void close() {
    if (!promoted.get()) {
      cluster.close();
      link.close();
    }
  }
}
