package dev.gapless.cluster;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;

/**
 * The settings under {@code gapless.cluster}, validated. Immutable.
 *
 * @param enabled whether this node joins the others
 * @param host where its cluster system is reached, and listens
 * @param port the same; 0 takes a free one
 * @param seedNodes fixed addresses to join instead of those in the database
 * @param heartbeat how often it tells the database that it is there
 * @param stale who was not heard of for so long is not there
 * @param management where Pekko Management listens, if it does
 * @param system overrides of the configuration of the cluster's actor system
 */
public record ClusterSettings(
    boolean enabled,
    String host,
    int port,
    List<String> seedNodes,
    Duration heartbeat,
    Duration stale,
    Management management,
    Config system) {
  static final String ROOT = "gapless.cluster";

  /** Pekko Management, which has no authorisation of its own. */
  public record Management(boolean enabled, String host, int port) {}

  public ClusterSettings {
    seedNodes = List.copyOf(seedNodes);
  }

  /**
   * Reads {@code gapless.cluster} of a resolved configuration.
   *
   * @throws IllegalArgumentException naming the key that is wrong
   */
  public static ClusterSettings create(Config config) {
    Config cluster = config.getConfig(ROOT);
    Duration heartbeat = cluster.getDuration("heartbeat");
    Duration stale = cluster.getDuration("stale-after");
    if (heartbeat.compareTo(Duration.ofMillis(100)) < 0) {
      throw wrong("heartbeat", "at least 100 ms");
    }
    if (stale.compareTo(heartbeat.multipliedBy(2)) < 0) {
      throw wrong("stale-after", "at least twice the heartbeat");
    }
    for (String seed : cluster.getStringList("seed-nodes")) {
      if (!seed.matches("[^@/\\s]+:\\d+")) {
        throw wrong("seed-nodes", "addresses like 10.0.0.7:25520");
      }
    }
    return new ClusterSettings(
        cluster.getBoolean("enabled"),
        host(cluster, "host"),
        port(cluster, "port"),
        cluster.getStringList("seed-nodes"),
        heartbeat,
        stale,
        new Management(
            cluster.getBoolean("management.enabled"),
            host(cluster, "management.host"),
            port(cluster, "management.port")),
        cluster.getConfig("system"));
  }

  private static String host(Config cluster, String key) {
    String host = cluster.getString(key);
    if (host.isBlank()) {
      throw wrong(key, "the address under which the other nodes reach this one");
    }
    return host;
  }

  private static int port(Config cluster, String key) {
    int port = cluster.getInt(key);
    if (port < 0 || port > 65_535) {
      throw wrong(key, "a port, or 0 for a free one");
    }
    return port;
  }

  private static IllegalArgumentException wrong(String key, String rule) {
    return new IllegalArgumentException(ROOT + "." + key + ": " + rule);
  }
}
