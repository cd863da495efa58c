package dev.gapless.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import dev.gapless.http.Problems;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/**
 * Says in one line what Pekko HTTP would say in thirty, and without what the client has sent. Pekko
 * takes it for a fault of its own when a client breaks the protocol (a request target of another
 * scheme than http, a header that HTTP/2 forbids): it ends the connection and logs a stack trace
 * under a message that repeats the request.
 */
final class ClientFaults extends TurboFilter {
  private static final org.slf4j.Logger log =
      LoggerFactory.getLogger("dev.gapless.server.connections");

  private static final List<String> MESSAGES =
      List.of(
          "Error in stage [org.apache.pekko.http.impl.engine.",
          "HTTP2 connection failed with error [",
          "Response stream for [",
          "Sending an 2xx 'early' response");

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable thrown) {
    if (format == null || !level.isGreaterOrEqual(Level.WARN)) {
      return FilterReply.NEUTRAL;
    }
    Optional<String> message = MESSAGES.stream().filter(format::startsWith).findFirst();
    message.ifPresent(
        text ->
            log.info("connection_broken: {}", thrown == null ? text : Problems.describe(thrown)));
    return message.isPresent() ? FilterReply.DENY : FilterReply.NEUTRAL;
  }
}
