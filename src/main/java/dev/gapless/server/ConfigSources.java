package dev.gapless.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the configuration together. First wins: system properties, command line, environment, the
 * configuration file, the server's defaults, the libraries' reference.conf.
 *
 * @param config all of it, resolved
 * @param file the configuration file that was read, if any
 */
record ConfigSources(Config config, Optional<Path> file) {
  private static final String DEFAULT_FILE = "conf/application.conf";

  /** Which key a variable of the environment sets. */
  static final Map<String, String> ENVIRONMENT = environmentKeys();

  static ConfigSources load(
      CommandLineOptions options, Map<String, String> environment, Path workingDirectory) {
    DatabaseAddress.refusePassword(options.databaseUrl, "--database-url");
    Optional<Path> file = file(options, environment, workingDirectory);
    try {
      Config config =
          ConfigFactory.defaultOverrides()
              .withFallback(arguments(options))
              .withFallback(variables(environment))
              .withFallback(file.map(ConfigSources::parse).orElseGet(ConfigFactory::empty))
              .withFallback(ConfigFactory.parseResources("gapless-server.conf"))
              .withFallback(ConfigFactory.defaultReferenceUnresolved())
              .resolve();
      return new ConfigSources(config, file);
    } catch (ConfigException e) {
      throw new Refusal("the configuration cannot be read: " + e.getMessage(), e);
    }
  }

  private static Optional<Path> file(
      CommandLineOptions options, Map<String, String> environment, Path workingDirectory) {
    String variable = environment.getOrDefault("GAPLESS_CONFIG", "");
    Optional<Path> asked =
        options
            .config()
            .or(() -> variable.isBlank() ? Optional.empty() : Optional.of(Path.of(variable)));
    if (asked.isPresent()) {
      Path file = workingDirectory.resolve(asked.get());
      if (!Files.isReadable(file) || Files.isDirectory(file)) {
        String source = options.config().isPresent() ? "--config" : "GAPLESS_CONFIG";
        throw new Refusal(source + ": no readable file " + asked.get());
      }
      return Optional.of(file);
    }
    return Optional.of(workingDirectory.resolve(DEFAULT_FILE)).filter(Files::isReadable);
  }

  private static Config parse(Path file) {
    return ConfigFactory.parseFile(
        file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
  }

  private static Config arguments(CommandLineOptions options) {
    Map<String, String> values = new LinkedHashMap<>();
    put(values, "gapless.server.port", options.port);
    put(values, "gapless.server.interface", options.networkInterface);
    put(values, "gapless.server.data-directory", options.data);
    put(values, "gapless.server.database.url", options.databaseUrl);
    return toConfig(values, "command line");
  }

  private static Config variables(Map<String, String> environment) {
    Map<String, String> values = new LinkedHashMap<>();
    ENVIRONMENT.forEach(
        (variable, key) -> {
          String value = environment.getOrDefault(variable, "");
          put(values, key, value.isBlank() ? null : value);
        });
    return toConfig(values, "environment");
  }

  private static Config toConfig(Map<String, String> values, String origin) {
    Config config = ConfigFactory.empty(origin);
    for (Map.Entry<String, String> entry : values.entrySet()) {
      config =
          config.withValue(entry.getKey(), ConfigValueFactory.fromAnyRef(entry.getValue(), origin));
    }
    return config;
  }

  private static void put(Map<String, String> values, String key, @Nullable String value) {
    if (value != null) {
      values.put(key, value);
    }
  }

  private static Map<String, String> environmentKeys() {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("GAPLESS_PORT", "gapless.server.port");
    keys.put("GAPLESS_INTERFACE", "gapless.server.interface");
    keys.put("GAPLESS_DATA", "gapless.server.data-directory");
    keys.put("GAPLESS_NODE", "gapless.server.node");
    keys.put("GAPLESS_CLUSTER_HOST", "gapless.cluster.host");
    keys.put("GAPLESS_DATABASE_URL", "gapless.server.database.url");
    keys.put("GAPLESS_DATABASE_USER", "gapless.server.database.user");
    keys.put("GAPLESS_DATABASE_PASSWORD", "gapless.server.database.password");
    keys.put("GAPLESS_DATABASE_PASSWORD_FILE", "gapless.server.database.password-file");
    return Map.copyOf(keys);
  }
}
