package dev.gapless.tail;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;

/**
 * Settings of the listener, {@code gapless.listener} in reference.conf. Immutable.
 *
 * @param pollTimeout longest single wait for a notification
 * @param heartbeatInterval how often the connection is tried
 * @param heartbeatTimeout how long an answer may take
 * @param probeInterval how often the delivery of notifications is tried
 * @param probeTimeout how long a notification of our own may take
 * @param restartMin first pause after a failure; doubles
 * @param restartMax longest pause
 */
public record ListenerSettings(
    Duration pollTimeout,
    Duration heartbeatInterval,
    Duration heartbeatTimeout,
    Duration probeInterval,
    Duration probeTimeout,
    Duration restartMin,
    Duration restartMax) {
  static final String PATH = "gapless.listener";
  public static final String DISPATCHER = PATH + ".dispatcher";

  public ListenerSettings {
    check(
        pollTimeout.toMillis() >= 1 && pollTimeout.toMillis() <= 1_000,
        "poll-timeout",
        "must be 1 ms to 1 s");
    atLeast(heartbeatInterval, 100, "heartbeat-interval");
    atLeast(heartbeatTimeout, 100, "heartbeat-timeout");
    atLeast(probeInterval, 100, "probe-interval");
    atLeast(probeTimeout, 100, "probe-timeout");
    atLeast(restartMin, 1, "restart-min");
    check(
        restartMax.compareTo(restartMin) >= 0, "restart-max", "must not be less than restart-min");
  }

  /**
   * Reads {@code gapless.listener}.
   *
   * @param config the root
   * @throws ConfigException with the key that is wrong
   */
  public static ListenerSettings create(Config config) {
    Config listener = config.getConfig(PATH);
    return new ListenerSettings(
        listener.getDuration("poll-timeout"),
        listener.getDuration("heartbeat-interval"),
        listener.getDuration("heartbeat-timeout"),
        listener.getDuration("probe-interval"),
        listener.getDuration("probe-timeout"),
        listener.getDuration("restart-min"),
        listener.getDuration("restart-max"));
  }

  private static void atLeast(Duration value, long millis, String key) {
    check(
        value.compareTo(Duration.ofMillis(millis)) >= 0, key, "must be at least " + millis + " ms");
  }

  private static void check(boolean valid, String key, String problem) {
    if (!valid) {
      throw new ConfigException.BadValue(PATH + "." + key, problem);
    }
  }
}
