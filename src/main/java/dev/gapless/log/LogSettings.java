package dev.gapless.log;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;
import java.util.Locale;

/**
 * Settings of the log: {@code gapless.migrate} and {@code gapless.log}, explained in {@code
 * reference.conf}. Immutable and validated.
 *
 * @param partitionSize positions in a new partition
 * @param partitionsAhead empty partitions kept ready beyond the one being written
 */
public record LogSettings(
    MigrateMode migrate,
    Duration migrateTimeout,
    long partitionSize,
    int partitionsAhead,
    boolean requireFsync) {

  /** The most drafts one append takes is far below this, so two partitions always hold a batch. */
  static final long MIN_PARTITION_SIZE = 10_000;

  public LogSettings {
    require(
        migrateTimeout.compareTo(Duration.ofSeconds(1)) >= 0,
        "gapless.log.migrate-timeout",
        "at least 1 s");
    require(
        partitionSize >= MIN_PARTITION_SIZE && partitionSize <= 1L << 40,
        "gapless.log.partition-size",
        "between " + MIN_PARTITION_SIZE + " and 2^40");
    require(
        partitionsAhead >= 2 && partitionsAhead <= 100,
        "gapless.log.partitions-ahead",
        "between 2 and 100");
  }

  /**
   * @param config a configuration with {@code gapless} at its root
   * @throws ConfigException naming the full key that is missing or wrong
   */
  public static LogSettings create(Config config) {
    return new LogSettings(
        mode(config),
        config.getDuration("gapless.log.migrate-timeout"),
        config.getLong("gapless.log.partition-size"),
        config.getInt("gapless.log.partitions-ahead"),
        config.getBoolean("gapless.log.require-fsync"));
  }

  public LogSettings withMigrate(MigrateMode mode) {
    return new LogSettings(mode, migrateTimeout, partitionSize, partitionsAhead, requireFsync);
  }

  public LogSettings withMigrateTimeout(Duration timeout) {
    return new LogSettings(migrate, timeout, partitionSize, partitionsAhead, requireFsync);
  }

  public LogSettings withPartitions(long size, int ahead) {
    return new LogSettings(migrate, migrateTimeout, size, ahead, requireFsync);
  }

  public LogSettings withRequireFsync(boolean required) {
    return new LogSettings(migrate, migrateTimeout, partitionSize, partitionsAhead, required);
  }

  private static MigrateMode mode(Config config) {
    // HOCON reads a bare off as a boolean when asked for one; as a string it stays what it was
    return switch (config.getString("gapless.migrate").toLowerCase(Locale.ROOT)) {
      case "auto" -> MigrateMode.AUTO;
      case "validate" -> MigrateMode.VALIDATE;
      case "off", "false" -> MigrateMode.OFF;
      default ->
          throw new ConfigException.BadValue("gapless.migrate", "must be auto, validate or off");
    };
  }

  private static void require(boolean holds, String key, String rule) {
    if (!holds) {
      throw new ConfigException.BadValue(key, "must be " + rule);
    }
  }
}
