package dev.gapless.http;

import com.typesafe.config.Config;
import dev.gapless.event.Paths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings under {@code gapless.http}, validated. Immutable.
 *
 * @param publicPaths path prefixes that anyone may read
 * @param corsOrigins origins whose pages may call the native face; {@code *} is every origin,
 *     without credentials
 * @param maxStreams streams this node serves at once
 * @param maxOwners most owners, path filters and types (of each) of one request
 * @param pageDefault events of a page that names no limit
 * @param pageMax most events of a page
 * @param maxWait longest long poll
 * @param maxDrafts most events published by one request
 * @param maxPublishing requests that publish at once: their bodies are in memory
 * @param maxBody most bytes of a published body
 * @param maxData most bytes of one event's data
 * @param bodyTimeout how long the body of a request may take
 * @param retry the mean of the jittered {@code retry:} of a stream
 * @param admission limits of what is allowed
 * @param stallTimeout a connection that accepts no byte for so long is gone
 */
public record HttpSettings(
    List<String> publicPaths,
    List<String> corsOrigins,
    int maxStreams,
    int maxOwners,
    int pageDefault,
    int pageMax,
    Duration maxWait,
    int maxDrafts,
    int maxPublishing,
    long maxBody,
    int maxData,
    Duration bodyTimeout,
    Duration retry,
    AdmissionSettings admission,
    Duration stallTimeout) {
  static final String ROOT = "gapless.http";

  public HttpSettings {
    publicPaths = List.copyOf(publicPaths);
    corsOrigins = List.copyOf(corsOrigins);
  }

  /**
   * Reads {@code gapless.http} of a resolved configuration.
   *
   * @throws IllegalArgumentException naming the key that is wrong
   */
  public static HttpSettings create(Config config) {
    Config http = config.getConfig(ROOT);
    int pageMax = count(http, "page-max", 1, 100_000);
    int maxDrafts = count(http, "max-drafts", 1, 100_000);
    return new HttpSettings(
        publicPaths(http),
        corsOrigins(http),
        count(http, "max-streams", 1, Integer.MAX_VALUE),
        count(http, "max-filters", 1, 1_000),
        count(http, "page-default", 1, pageMax),
        pageMax,
        duration(http, "max-wait", Duration.ZERO, Duration.ofMinutes(10)),
        maxDrafts,
        count(http, "max-publishing", 1, 10_000),
        bytes(http, "max-body", 1L << 30),
        (int) bytes(http, "max-data", 1L << 20),
        duration(http, "body-timeout", Duration.ofMillis(100), Duration.ofHours(1)),
        duration(http, "retry", Duration.ofMillis(1), Duration.ofMinutes(10)),
        AdmissionSettings.create(http, maxDrafts),
        duration(http, "stall-timeout", Duration.ofSeconds(1), Duration.ofDays(1)));
  }

  private static List<String> publicPaths(Config http) {
    List<String> prefixes = new ArrayList<>();
    for (String prefix : http.getStringList("public-paths")) {
      try {
        prefixes.add(Paths.normalize("public-paths", prefix));
      } catch (IllegalArgumentException invalid) {
        throw wrong("public-paths", "absolute paths; one that ends in a slash covers all below it");
      }
    }
    return prefixes;
  }

  private static List<String> corsOrigins(Config http) {
    List<String> origins = http.getStringList("cors-origins");
    for (String origin : origins) {
      if (!origin.equals("*") && !origin.matches("https?://[A-Za-z0-9.:\\[\\]-]+")) {
        throw wrong("cors-origins", "origins like https://app.example.org, or \"*\"");
      }
    }
    return origins;
  }

  private static int count(Config http, String key, int least, int most) {
    long value = http.getLong(key);
    if (value < least || value > most) {
      throw wrong(key, "from " + least + " to " + most);
    }
    return (int) value;
  }

  private static long bytes(Config http, String key, long most) {
    long value = http.getBytes(key);
    if (value < 1 || value > most) {
      throw wrong(key, "from 1 to " + most + " bytes");
    }
    return value;
  }

  private static Duration duration(Config http, String key, Duration least, Duration most) {
    Duration value = http.getDuration(key);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw wrong(key, "from " + least.toMillis() + " ms to " + most.toMillis() + " ms");
    }
    return value;
  }

  private static IllegalArgumentException wrong(String key, String rule) {
    return new IllegalArgumentException(ROOT + "." + key + ": " + rule);
  }
}
