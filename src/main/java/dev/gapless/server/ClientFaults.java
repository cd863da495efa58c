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
 * under a message that repeats the request, as it does when an answer takes too long.
 */
final class ClientFaults extends TurboFilter {
  private static final org.slf4j.Logger log =
      LoggerFactory.getLogger("dev.gapless.server.connections");

  private static final String PEKKO = "org.apache.pekko.";

  private static final String TOO_LATE = "Request timeout encountered for request [";

  private static final List<String> MESSAGES =
      List.of(
          "Error in stage [org.apache.pekko.http.impl.engine.",
          "HTTP2 connection failed with error [",
          TOO_LATE,
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
    if (format == null || !level.isGreaterOrEqual(Level.INFO)) {
      return FilterReply.NEUTRAL;
    }
    // Pekko's own loggers hand over what it has put together, as the message or to be put in
    String text = format.equals("{}") && params != null ? "" + params[0] : format;
    Optional<String> message = MESSAGES.stream().filter(text::startsWith).findFirst();
    if (message.isEmpty()) {
      return FilterReply.NEUTRAL;
    }
    if (message.get().equals(TOO_LATE)) {
      log.warn("answer_too_late: none within pekko.http.server.request-timeout");
    } else if (thrown == null) {
      log.info("connection_broken: {}", message.get());
    } else if (isOfPekko(thrown)) {
      log.info("connection_broken: {}", Problems.describe(thrown));
    } else {
      log.error("connection_failed: {}", Problems.describe(thrown));
    }
    return FilterReply.DENY;
  }

  /** Ours, or of the database, would be no client's fault. */
  private static boolean isOfPekko(Throwable thrown) {
    StackTraceElement[] trace = thrown.getStackTrace();
    return thrown.getClass().getName().startsWith(PEKKO)
        || (trace.length > 0 && trace[0].getClassName().startsWith(PEKKO));
  }
}
