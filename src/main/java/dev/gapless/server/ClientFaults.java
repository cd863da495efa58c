package dev.gapless.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.apache.pekko.http.scaladsl.model.IllegalUriException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Leaves out of the log what Pekko HTTP takes for a fault of its own and is one of a client: a
 * request target of another scheme than http (ftp://…). It ends the connection, and would write 30
 * lines with a stack trace for each of them.
 */
final class ClientFaults extends TurboFilter {
  private static final String STAGE = "Error in stage [org.apache.pekko.http.impl.engine.server.";

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable thrown) {
    return thrown instanceof IllegalUriException && format != null && format.startsWith(STAGE)
        ? FilterReply.DENY
        : FilterReply.NEUTRAL;
  }
}
