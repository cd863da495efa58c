package dev.gapless.http;

import dev.gapless.event.Traceparent;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** The trace context of a request (W3C Trace Context). Pure. */
public final class TraceContext {
  private static final String HEADER = "traceparent";

  private TraceContext() {}

  /**
   * What the header {@code traceparent} says. As the standard has it, one that is malformed or
   * given twice is no reason to refuse the request: there is none then.
   */
  public static Optional<String> of(HttpRequest request) {
    Optional<String> found = Optional.empty();
    for (HttpHeader header : request.getHeaders()) {
      if (header.is(HEADER)) {
        if (found.isPresent()) {
          return Optional.empty();
        }
        found = Optional.of(header.value());
      }
    }
    return found.filter(Traceparent::isValid);
  }
}
