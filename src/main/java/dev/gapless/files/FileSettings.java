package dev.gapless.files;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;

/**
 * The settings under {@code gapless.files}. Immutable and thread-safe.
 *
 * @param dispatcher path of the dispatcher for blocking work
 * @param chunkBytes size of a chunk in the database
 * @param maxBytes size of the largest file
 * @param quotaBytes of an owner that has none of its own
 * @param minRate bytes a second
 * @param minRateWindow over which {@code minRate} is measured
 * @param stagingTimeout after which a body of which nothing arrived is removed
 * @param grace for which a version stays after it was replaced or deleted
 * @param cleanInterval between two looks for what can be removed
 * @param maxUploads bodies that one node takes at once
 */
public record FileSettings(
    String dispatcher,
    int chunkBytes,
    long maxBytes,
    long quotaBytes,
    long minRate,
    Duration minRateWindow,
    Duration stagingTimeout,
    Duration grace,
    Duration cleanInterval,
    int maxUploads) {

  private static final String ROOT = "gapless.files";
  private static final int MAX_CHUNK_BYTES = 16 * 1024 * 1024;

  public FileSettings {
    require(chunkBytes >= 1024 && chunkBytes <= MAX_CHUNK_BYTES, "chunk-size", "1 KiB to 16 MiB");
    require(maxBytes >= 0, "max-size", "not negative");
    // a chunk's number is an integer
    require(maxBytes / chunkBytes < Integer.MAX_VALUE, "max-size", "less than 2^31 chunks");
    require(quotaBytes >= 0, "quota", "not negative");
    require(minRate >= 0, "min-rate", "not negative");
    require(minRateWindow.toMillis() >= 100, "min-rate-window", "at least 100 ms");
    require(
        stagingTimeout.compareTo(minRateWindow) > 0, "staging-timeout", "above min-rate-window");
    require(grace.toMillis() >= 100, "grace", "at least 100 ms");
    require(cleanInterval.toMillis() >= 10, "clean-interval", "at least 10 ms");
    require(maxUploads >= 1, "max-uploads", "at least 1");
  }

  /**
   * @param config the whole configuration, with its defaults
   * @throws ConfigException naming the key whose value is missing or wrong
   */
  public static FileSettings create(Config config) {
    Config files = config.getConfig(ROOT);
    long chunkBytes = files.getBytes("chunk-size");
    require(chunkBytes <= MAX_CHUNK_BYTES, "chunk-size", "1 KiB to 16 MiB");
    return new FileSettings(
        files.getString("dispatcher"),
        (int) chunkBytes,
        files.getBytes("max-size"),
        files.getBytes("quota"),
        files.getBytes("min-rate"),
        files.getDuration("min-rate-window"),
        files.getDuration("staging-timeout"),
        files.getDuration("grace"),
        files.getDuration("clean-interval"),
        files.getInt("max-uploads"));
  }

  private static void require(boolean holds, String key, String rule) {
    if (!holds) {
      throw new ConfigException.BadValue(ROOT + "." + key, "must be " + rule);
    }
  }
}
