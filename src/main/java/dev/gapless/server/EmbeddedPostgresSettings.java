package dev.gapless.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How an embedded PostgreSQL is to run. Immutable.
 *
 * @param dataDirectory PostgreSQL's own data directory; created when it is missing or empty
 * @param port the port on 127.0.0.1; 0 takes a free one at the first start and keeps it
 * @param durability what a commit promises
 * @param superuserPassword the password of {@code postgres}, asked for on every connection (scram);
 *     empty lets every local connection in without one, which is for tests only
 * @param parameters further PostgreSQL parameters by name; they win over what is set here
 * @param cache where the programs are unpacked
 * @param startLimit how long a start, with its crash recovery, may take
 */
public record EmbeddedPostgresSettings(
    Path dataDirectory,
    int port,
    Durability durability,
    Optional<String> superuserPassword,
    Map<String, String> parameters,
    Path cache,
    Duration startLimit) {

  /** What a commit promises. */
  public enum Durability {
    /** What was acknowledged survives a power cut. */
    DURABLE("on", "on"),
    /** What was acknowledged may be lost in a crash of PostgreSQL; nothing is corrupted. */
    ASYNCHRONOUS("on", "off"),
    /** A power cut may destroy everything. */
    NONE("off", "off");

    private final String fsync;
    private final String synchronousCommit;

    Durability(String fsync, String synchronousCommit) {
      this.fsync = fsync;
      this.synchronousCommit = synchronousCommit;
    }

    Map<String, String> parameters() {
      return Map.of("fsync", fsync, "synchronous_commit", synchronousCommit);
    }
  }

  public EmbeddedPostgresSettings {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port must be between 0 and 65535, not " + port);
    }
    dataDirectory = dataDirectory.toAbsolutePath().normalize();
    parameters = Map.copyOf(parameters);
  }

  /** Durable, on a free port, every connection let in: add a password for anything but a test. */
  public static EmbeddedPostgresSettings at(Path dataDirectory) {
    return new EmbeddedPostgresSettings(
        dataDirectory,
        0,
        Durability.DURABLE,
        Optional.empty(),
        Map.of(),
        PostgresBinaries.defaultCache(),
        Duration.ofMinutes(2));
  }

  public EmbeddedPostgresSettings withPort(int port) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, superuserPassword, parameters, cache, startLimit);
  }

  public EmbeddedPostgresSettings withDurability(Durability durability) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, superuserPassword, parameters, cache, startLimit);
  }

  public EmbeddedPostgresSettings withSuperuserPassword(String password) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, Optional.of(password), parameters, cache, startLimit);
  }

  public EmbeddedPostgresSettings withParameters(Map<String, String> parameters) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, superuserPassword, parameters, cache, startLimit);
  }

  public EmbeddedPostgresSettings withCache(Path cache) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, superuserPassword, parameters, cache, startLimit);
  }

  public EmbeddedPostgresSettings withStartLimit(Duration startLimit) {
    return new EmbeddedPostgresSettings(
        dataDirectory, port, durability, superuserPassword, parameters, cache, startLimit);
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "EmbeddedPostgresSettings[dataDirectory="
        + dataDirectory
        + ", port="
        + port
        + ", durability="
        + durability
        + ", authentication="
        + (superuserPassword.isPresent() ? "scram" : "trust")
        + ", parameters="
        + parameters.keySet()
        + "]";
  }
}
