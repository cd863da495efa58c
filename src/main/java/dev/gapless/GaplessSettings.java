package dev.gapless;

import com.typesafe.config.Config;
import dev.gapless.hub.HubSettings;
import dev.gapless.log.LogSettings;
import dev.gapless.log.RetentionSettings;
import dev.gapless.tail.ListenerSettings;
import dev.gapless.tail.TailSettings;
import java.time.Duration;

/**
 * What a node needs to know: {@code gapless} of the configuration, read and validated once.
 * Immutable.
 *
 * @param drain over how long the streams are ended at shutdown
 * @param housekeeping how often partitions are created ahead
 */
public record GaplessSettings(
    LogSettings log,
    RetentionSettings retention,
    TailSettings tail,
    ListenerSettings listener,
    HubSettings hub,
    Duration drain,
    Duration housekeeping) {

  /**
   * Reads {@code gapless}.
   *
   * @throws IllegalArgumentException or {@link com.typesafe.config.ConfigException} naming the full
   *     key at fault
   */
  public static GaplessSettings create(Config config) {
    Config gapless = config.getConfig("gapless");
    return new GaplessSettings(
        LogSettings.create(config),
        RetentionSettings.create(config),
        TailSettings.create(config),
        ListenerSettings.create(config),
        HubSettings.create(gapless),
        notNegative(gapless, "drain"),
        notNegative(gapless, "housekeeping"));
  }

  private static Duration notNegative(Config gapless, String key) {
    Duration value = gapless.getDuration(key);
    if (value.isNegative()) {
      throw new IllegalArgumentException("gapless." + key + " must not be negative");
    }
    return value;
  }
}
