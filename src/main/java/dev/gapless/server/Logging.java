package dev.gapless.server;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/**
 * Sets logback up before anything is logged: the jar holds no logback.xml that it would find
 * itself.
 */
final class Logging {
  private static final String BUILT_IN = "gapless-server-logback.xml";

  private Logging() {}

  static void configure(ConfigSources sources, Path workingDirectory) {
    if (System.getProperty("logback.configurationFile") != null
        || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
      return;
    }
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    context.reset();
    try {
      configurator.doConfigure(location(sources, workingDirectory));
      context.addTurboFilter(new ClientFaults());
    } catch (JoranException e) {
      throw new Refusal("the logback configuration cannot be used: " + e.getMessage(), e);
    }
  }

  /** Writes out what the asynchronous appenders still hold. */
  static void flush() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.stop();
    }
  }

  private static URL location(ConfigSources sources, Path workingDirectory) {
    String asked = sources.config().getString("gapless.server.logback").strip();
    if (!asked.isEmpty()) {
      Path file = workingDirectory.resolve(asked);
      if (!Files.isReadable(file)) {
        throw new Refusal("gapless.server.logback: no readable file " + asked);
      }
      return url(file);
    }
    Optional<URL> found =
        Stream.concat(
                sources.file().map(file -> file.resolveSibling("logback.xml")).stream(),
                Stream.of(workingDirectory.resolve("conf/logback.xml")))
            .filter(Files::isReadable)
            .findFirst()
            .map(Logging::url);
    return found.orElseGet(
        () -> {
          URL resource = Logging.class.getClassLoader().getResource(BUILT_IN);
          if (resource == null) {
            throw new IllegalStateException(BUILT_IN + " is not on the class path");
          }
          return resource;
        });
  }

  private static URL url(Path file) {
    try {
      return file.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
