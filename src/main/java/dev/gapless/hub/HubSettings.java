package dev.gapless.hub;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * {@code gapless.hub}: see reference.conf for what each means. Immutable.
 *
 * @param ringEvents most events in the ring; rounded up to a power of two
 * @param ringBytes most memory of the ring's events
 * @param inboxEvents most events waiting for one live subscriber
 * @param inboxBytes most memory of the events waiting for one live subscriber
 * @param heartbeat silence after which a heartbeat is sent
 * @param pageEvents most events of one catch-up page
 * @param pageBytes about the most data of one catch-up page
 * @param pageScan most rows one read examines
 * @param cacheBytes most memory of catch-up pages kept for other subscribers
 * @param readPatience how long a page or a finite stream waits for what was acknowledged before it
 */
public record HubSettings(
    int ringEvents,
    long ringBytes,
    int inboxEvents,
    long inboxBytes,
    Duration heartbeat,
    int pageEvents,
    long pageBytes,
    int pageScan,
    long cacheBytes,
    Duration readPatience) {

  /**
   * Reads {@code gapless.hub}.
   *
   * @throws IllegalArgumentException naming the full key of a value out of range
   */
  public static HubSettings create(Config gapless) {
    Config hub = gapless.getConfig("hub");
    return new HubSettings(
        atLeast(hub, "ring-events", 16),
        bytes(hub, "ring-bytes", 64 * 1024),
        atLeast(hub, "inbox-events", 1),
        bytes(hub, "inbox-bytes", 1024),
        duration(hub, "heartbeat"),
        atLeast(hub, "page-events", 1),
        bytes(hub, "page-bytes", 1024),
        atLeast(hub, "page-scan", 1),
        bytes(hub, "cache-bytes", 0),
        duration(hub, "read-patience"));
  }

  private static int atLeast(Config hub, String key, int least) {
    int value = hub.getInt(key);
    if (value < least) {
      throw new IllegalArgumentException("gapless.hub." + key + " must be at least " + least);
    }
    return value;
  }

  private static long bytes(Config hub, String key, long least) {
    long value = hub.getBytes(key);
    if (value < least) {
      throw new IllegalArgumentException(
          "gapless.hub." + key + " must be at least " + least + " bytes");
    }
    return value;
  }

  private static Duration duration(Config hub, String key) {
    Duration value = hub.getDuration(key);
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException("gapless.hub." + key + " must be positive");
    }
    return value;
  }
}
