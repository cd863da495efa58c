package dev.gapless.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.io.Inet;

/**
 * The settings of Pekko HTTP that long streams, many owners and exact request targets need. An
 * application that mounts the routes in a server of its own binds with these, or sets the same keys
 * under {@code pekko.http.server}:
 *
 * <ul>
 *   <li>{@code max-connections}: above {@code gapless.http.max-streams} (Pekko's 1,024 is a hard
 *       stop)
 *   <li>{@code idle-timeout}: {@code gapless.http.stall-timeout} (Pekko's 60 s would end slow
 *       clients)
 *   <li>{@code raw-request-uri-header}: on, see {@link RequestTarget}
 *   <li>{@code parsing.max-uri-length}: 64k, for 50 owners and paths; {@code
 *       parsing.max-header-value-length}: 8k
 *   <li>{@code parsing.header-cache}: off, since each connection keeps a cache of its own, of 5 KB,
 *       that a stream with its one request has no use for
 *   <li>{@code parsing.illegal-header-warnings} and {@code parsing.error-logging-verbosity}: off,
 *       since they print request targets; {@code parsing.error-handler}: {@link
 *       ProblemParsingErrorHandler}
 * </ul>
 */
public final class HttpServerSettings {
  // for requests that are not streams
  private static final int OTHER_CONNECTIONS = 4096;

  private HttpServerSettings() {}

  /**
   * The settings to bind with: what {@code config} has under {@code pekko.http}, and the above.
   * With them {@code services} get to know the connections, and end those whose clients have
   * vanished.
   */
  public static ServerSettings create(Config config, HttpServices services) {
    ServerSettings settings = create(config, services.settings());
    List<Inet.SocketOption> options = new ArrayList<>();
    settings.getSocketOptions().forEach(options::add);
    options.add(services.connections());
    return settings.withSocketOptions(options);
  }

  /** The same for a server without streams, which has no need to end connections. */
  public static ServerSettings create(Config config, HttpSettings http) {
    Map<String, Object> server = new HashMap<>();
    server.put("max-connections", Math.addExact(http.maxStreams(), OTHER_CONNECTIONS));
    server.put("idle-timeout", http.stallTimeout().toMillis() + " ms");
    server.put("raw-request-uri-header", "on");
    server.put("server-header", "gapless");
    server.put("parsing.max-uri-length", "64k");
    server.put("parsing.max-header-value-length", "8k");
    server.put("parsing.header-cache.default", 0);
    server.put("parsing.header-cache.User-Agent", 0);
    server.put("parsing.illegal-header-warnings", "off");
    server.put("parsing.error-logging-verbosity", "off");
    server.put("parsing.error-handler", ProblemParsingErrorHandler.class.getName());
    Map<String, Object> overlay = new HashMap<>();
    server.forEach((key, value) -> overlay.put("pekko.http.server." + key, value));
    return ServerSettings.create(ConfigFactory.parseMap(overlay).withFallback(config));
  }
}
