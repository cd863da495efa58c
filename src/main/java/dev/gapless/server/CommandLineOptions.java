package dev.gapless.server;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line as it was typed. */
@Command(
    name = "gapless",
    description = {
      "Serves an event log in PostgreSQL as Server-Sent Events, without a gap.",
      "Without --database-url it brings its own PostgreSQL and keeps everything in data/."
    },
    mixinStandardHelpOptions = true,
    versionProvider = CommandLineOptions.Version.class,
    sortOptions = false,
    footer = {
      "",
      "Environment variables (the command line wins over them, they win over the file):",
      "  GAPLESS_CONFIG, GAPLESS_PORT, GAPLESS_INTERFACE, GAPLESS_DATA, GAPLESS_NODE,",
      "  GAPLESS_DATABASE_URL, GAPLESS_DATABASE_USER, GAPLESS_DATABASE_PASSWORD,",
      "  GAPLESS_DATABASE_PASSWORD_FILE, GAPLESS_LOG_FORMAT (text or json)",
      "",
      "A password is never taken from an argument: others can see those."
    })
final class CommandLineOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration file. Default: conf/application.conf, if there is one.")
  @Nullable Path config;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port to listen on, 0 for a free one. Default: 8080.")
  @Nullable String port;

  @Option(
      names = "--interface",
      paramLabel = "ADDRESS",
      description = "Address to listen on. Default: 127.0.0.1.")
  @Nullable String networkInterface;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Data of the embedded PostgreSQL. Default: data.")
  @Nullable String data;

  @Option(
      names = "--database-url",
      paramLabel = "URL",
      description =
          "A PostgreSQL of your own, such as jdbc:postgresql://host:5432/gapless?user=gapless.")
  @Nullable String databaseUrl;

  Optional<Path> config() {
    return Optional.ofNullable(config);
  }

  /** The version of the jar; unknown when run from a folder of classes. */
  static final class Version implements picocli.CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = CommandLineOptions.class.getPackage().getImplementationVersion();
      return new String[] {"gapless " + (version == null ? "(development)" : version)};
    }
  }
}
