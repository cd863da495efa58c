package dev.gapless.tail;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;

/**
 * Settings of the tail, {@code gapless.tail} in reference.conf. Immutable.
 *
 * @param pollInterval how often to look without a hint while the listener is healthy
 * @param pollIntervalWithoutListener the same while it is not
 * @param batchEvents most events in one batch
 * @param batchBytes about the most bytes of data in one batch
 * @param unacknowledgedBatches how many batches the hub may still have to take over
 * @param statementTimeout longest silence of the database in one statement
 * @param reconnectMin first pause after a lost connection; doubles
 * @param reconnectMax longest pause
 * @param markInterval how often the decided mark is stored at most
 * @param listenerSilence a listener not heard of for so long counts as down
 */
public record TailSettings(
    Duration pollInterval,
    Duration pollIntervalWithoutListener,
    int batchEvents,
    long batchBytes,
    int unacknowledgedBatches,
    Duration statementTimeout,
    Duration reconnectMin,
    Duration reconnectMax,
    Duration markInterval,
    Duration listenerSilence) {
  static final String PATH = "gapless.tail";
  public static final String DISPATCHER = PATH + ".dispatcher";

  // the row of the head and at least one more, each with the largest data, fit twice
  private static final long MIN_BATCH_BYTES = 2L << 20;

  public TailSettings {
    atLeast(pollInterval, 10, "poll-interval");
    atLeast(pollIntervalWithoutListener, 10, "poll-interval-without-listener");
    check(batchEvents >= 1 && batchEvents <= 1_000, "batch-events", "must be 1 to 1000");
    check(batchBytes >= MIN_BATCH_BYTES, "batch-bytes", "must be at least 2 MiB");
    check(
        unacknowledgedBatches >= 1 && unacknowledgedBatches <= 64,
        "unacknowledged-batches",
        "must be 1 to 64");
    atLeast(statementTimeout, 100, "statement-timeout");
    atLeast(reconnectMin, 1, "reconnect-min");
    check(
        reconnectMax.compareTo(reconnectMin) >= 0,
        "reconnect-max",
        "must not be less than reconnect-min");
    atLeast(markInterval, 10, "mark-interval");
    atLeast(listenerSilence, 1_000, "listener-silence");
  }

  /**
   * Reads {@code gapless.tail}.
   *
   * @param config the root
   * @throws ConfigException with the key that is wrong
   */
  public static TailSettings create(Config config) {
    Config tail = config.getConfig(PATH);
    return new TailSettings(
        tail.getDuration("poll-interval"),
        tail.getDuration("poll-interval-without-listener"),
        tail.getInt("batch-events"),
        tail.getBytes("batch-bytes"),
        tail.getInt("unacknowledged-batches"),
        tail.getDuration("statement-timeout"),
        tail.getDuration("reconnect-min"),
        tail.getDuration("reconnect-max"),
        tail.getDuration("mark-interval"),
        tail.getDuration("listener-silence"));
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
