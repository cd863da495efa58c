package dev.gapless.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.gapless.http.AuthSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Everything below {@code gapless.server}, validated; errors name the full key. Immutable.
 *
 * @param networkInterface the address to listen on
 * @param port 0 for a free one
 * @param node this node's name
 * @param database where the log is
 * @param pool how its connections are made
 * @param tls for HTTPS
 * @param h2c whether HTTP/2 is spoken without TLS
 * @param deadlines how long a connection may be without a request
 * @param shutdownDeadline how long requests in flight may go on
 */
record LaunchSettings(
    String networkInterface,
    int port,
    String node,
    Database database,
    Pool pool,
    Optional<Tls> tls,
    boolean h2c,
    Deadlines deadlines,
    Duration shutdownDeadline) {

  /** Where the log is. */
  sealed interface Database {
    /** In a PostgreSQL that this server brings and runs. */
    record Embedded(
        Path dataDirectory, int port, Map<String, String> parameters, Duration startLimit)
        implements Database {}

    /** In one that somebody else runs. */
    record External(DatabaseAddress address) implements Database {}
  }

  /**
   * How connections are made.
   *
   * @param size of the pool
   * @param acquire how long to wait for a connection of the pool
   * @param connect limit of one attempt to connect
   * @param socket silence in mid-statement after which a pooled connection is given up
   * @param start how long the start waits for a database that does not answer
   */
  record Pool(int size, Duration acquire, Duration connect, Duration socket, Duration start) {}

  /** See {@link RequestDeadlines#start}. */
  record Deadlines(Duration head, Duration keepAlive) {}

  /** PEM files. */
  record Tls(Path certificate, Path privateKey) {}

  private static final String ROOT = "gapless.server.";

  static LaunchSettings from(Config config, Path workingDirectory) {
    int port = port(config, "port");
    return new LaunchSettings(
        networkInterface(config),
        port,
        node(config, port),
        database(config, workingDirectory),
        new Pool(
            positive(config, "database.pool-size"),
            duration(config, "database.pool-timeout"),
            duration(config, "database.connect-timeout"),
            duration(config, "database.socket-timeout"),
            duration(config, "database.start-timeout")),
        tls(config, workingDirectory),
        get("h2c", () -> config.getBoolean(ROOT + "h2c")),
        new Deadlines(
            duration(config, "request-head-timeout"), duration(config, "keep-alive-timeout")),
        duration(config, "shutdown-deadline"));
  }

  private static String networkInterface(Config config) {
    String name =
        text(config, "interface")
            .orElseThrow(() -> new Refusal(ROOT + "interface must not be empty"));
    boolean loopback;
    try {
      loopback = InetAddress.getByName(name).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new Refusal(ROOT + "interface: no address has the name " + name, e);
    }
    if (!loopback && library("gapless.auth", () -> AuthSettings.create(config)).isOpen()) {
      throw new Refusal(
          ROOT
              + "interface = "
              + name
              + " can be reached from other machines, and gapless.auth.mode = open lets everybody"
              + " in: set gapless.auth.mode = tokens, or listen on 127.0.0.1");
    }
    return name;
  }

  private static Database database(Config config, Path workingDirectory) {
    Optional<String> url = text(config, "database.url");
    if (url.isEmpty()) {
      String folder =
          text(config, "data-directory")
              .orElseThrow(() -> new Refusal(ROOT + "data-directory must not be empty"));
      return new Database.Embedded(
          workingDirectory.resolve(folder).toAbsolutePath().normalize(),
          port(config, "embedded-postgres.port"),
          parameters(config),
          duration(config, "embedded-postgres.start-timeout"));
    }
    DatabaseAddress address = DatabaseAddress.parse(ROOT + "database.url", url.get());
    Optional<String> user = text(config, "database.user");
    if (user.isPresent()) {
      address = address.withUser(user.get());
    }
    Optional<String> password = password(config, workingDirectory);
    if (password.isPresent()) {
      address = address.withPassword(password.get());
    }
    return new Database.External(address);
  }

  private static Optional<String> password(Config config, Path workingDirectory) {
    Optional<String> password = text(config, "database.password");
    Optional<String> file = text(config, "database.password-file");
    if (password.isPresent() && file.isPresent()) {
      throw new Refusal(ROOT + "database: give password or password-file, not both");
    }
    return file.map(
            name -> {
              try {
                String all = Files.readString(workingDirectory.resolve(name));
                return all.lines().findFirst().orElse("");
              } catch (IOException e) {
                throw new Refusal(ROOT + "database.password-file: cannot read " + name, e);
              }
            })
        .or(() -> password);
  }

  private static Map<String, String> parameters(Config config) {
    Map<String, String> parameters = new LinkedHashMap<>();
    String key = "embedded-postgres.parameters";
    get(key, () -> config.getConfig(ROOT + key).entrySet())
        .forEach(
            entry ->
                parameters.put(
                    entry.getKey().replace("\"", ""),
                    String.valueOf(entry.getValue().unwrapped())));
    return Map.copyOf(parameters);
  }

  private static Optional<Tls> tls(Config config, Path workingDirectory) {
    Optional<String> certificate = text(config, "tls.certificate");
    Optional<String> key = text(config, "tls.private-key");
    if (certificate.isPresent() != key.isPresent()) {
      throw new Refusal(ROOT + "tls: certificate and private-key belong together, one is missing");
    }
    return certificate.map(
        file ->
            new Tls(workingDirectory.resolve(file), workingDirectory.resolve(key.orElseThrow())));
  }

  private static String node(Config config, int port) {
    Optional<String> name = text(config, "node");
    if (name.isEmpty()) {
      String suffix = Long.toString(port == 0 ? ProcessHandle.current().pid() : port);
      String host = hostName().replaceAll("[^A-Za-z0-9._-]", "-");
      return host.substring(0, Math.min(host.length(), 40)) + "-" + suffix;
    }
    if (!name.get().matches("[A-Za-z0-9._-]{1,48}")) {
      throw new Refusal(ROOT + "node must be 1 to 48 of A-Z a-z 0-9 . _ -");
    }
    return name.get();
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  private static int port(Config config, String key) {
    int port = integer(config, key);
    if (port < 0 || port > 65_535) {
      throw new Refusal(ROOT + key + " must be between 0 and 65535, not " + port);
    }
    return port;
  }

  private static int positive(Config config, String key) {
    int value = integer(config, key);
    if (value < 1) {
      throw new Refusal(ROOT + key + " must be at least 1, not " + value);
    }
    return value;
  }

  private static int integer(Config config, String key) {
    return get(key, () -> config.getInt(ROOT + key));
  }

  private static Duration duration(Config config, String key) {
    Duration value = get(key, () -> config.getDuration(ROOT + key));
    if (value.isNegative() || value.isZero()) {
      throw new Refusal(ROOT + key + " must be longer than nothing");
    }
    return value;
  }

  private static Optional<String> text(Config config, String key) {
    return Optional.of(get(key, () -> config.getString(ROOT + key)).strip())
        .filter(value -> !value.isEmpty());
  }

  /** Reads settings of the library, which name their keys themselves. */
  static <T> T library(String root, Supplier<T> read) {
    try {
      return read.get();
    } catch (ConfigException | IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new Refusal(message.contains(root) ? message : root + ": " + message, e);
    }
  }

  private static <T> T get(String key, Supplier<T> read) {
    try {
      return read.get();
    } catch (ConfigException e) {
      // Its own message may repeat the value, and one of the values is a password.
      String origin = e.origin() == null ? "" : " (" + e.origin().description() + ")";
      throw new Refusal(ROOT + key + " is missing or of the wrong kind" + origin, e);
    }
  }
}
