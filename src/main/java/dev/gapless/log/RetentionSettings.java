package dev.gapless.log;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * How long events are kept: {@code gapless.retention}, explained in {@code reference.conf}. What is
 * empty is off: it removes nothing. Immutable and validated.
 *
 * @param maxAge no event younger than this is removed because of its age
 * @param maxBytes about how much room the log may take
 * @param maxEvents so many of the newest events stay whatever they are counted for
 * @param interval how often a node looks
 * @param detachTimeout how long one attempt may wait for transactions of others
 */
public record RetentionSettings(
    Optional<Duration> maxAge,
    OptionalLong maxBytes,
    OptionalLong maxEvents,
    Duration interval,
    Duration detachTimeout) {
  private static final String PATH = "gapless.retention";

  /** Where a node waits for the transactions of others. */
  public static final String DISPATCHER = PATH + ".dispatcher";

  private static final long MIN_BYTES = 1 << 20;

  // HOCON reads a bare off as a text, and false as a boolean that becomes this text
  private static final Set<String> OFF = Set.of("off", "false");

  public RetentionSettings {
    require(
        maxAge.filter(age -> age.compareTo(Duration.ofSeconds(1)) < 0).isEmpty(),
        "max-age",
        "off or at least 1 s");
    require(maxBytes.orElse(MIN_BYTES) >= MIN_BYTES, "max-bytes", "off or at least 1 MiB");
    require(maxEvents.orElse(1) >= 1, "max-events", "off or at least 1");
    require(
        interval.compareTo(Duration.ofMillis(100)) >= 0
            && interval.compareTo(Duration.ofDays(1)) <= 0,
        "interval",
        "between 100 ms and 1 day");
    require(
        detachTimeout.compareTo(Duration.ofMillis(100)) >= 0
            && detachTimeout.compareTo(Duration.ofMinutes(10)) <= 0,
        "detach-timeout",
        "between 100 ms and 10 minutes");
  }

  /**
   * @param config a configuration with {@code gapless} at its root
   * @throws ConfigException naming the full key that is missing or wrong
   */
  public static RetentionSettings create(Config config) {
    return new RetentionSettings(
        limit(config, "max-age", config::getDuration),
        number(limit(config, "max-bytes", config::getBytes)),
        number(limit(config, "max-events", config::getLong)),
        config.getDuration(PATH + ".interval"),
        config.getDuration(PATH + ".detach-timeout"));
  }

  /** Whether everything is kept for ever. */
  public boolean isOff() {
    return maxAge.isEmpty() && maxBytes.isEmpty() && maxEvents.isEmpty();
  }

  private static <T> Optional<T> limit(Config config, String name, Function<String, T> read) {
    String key = PATH + "." + name;
    return OFF.contains(config.getString(key)) ? Optional.empty() : Optional.of(read.apply(key));
  }

  private static OptionalLong number(Optional<Long> value) {
    return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
  }

  private static void require(boolean holds, String name, String rule) {
    if (!holds) {
      throw new ConfigException.BadValue(PATH + "." + name, "must be " + rule);
    }
  }
}
