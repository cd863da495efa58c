package dev.gapless.http;

import org.apache.pekko.event.LoggingAdapter;
import org.apache.pekko.http.ParsingErrorHandler;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.scaladsl.model.ErrorInfo;
import org.apache.pekko.http.scaladsl.model.StatusCode;
import org.apache.pekko.http.scaladsl.settings.ServerSettings;

/**
 * Answers what the parser refuses (414, 431, a malformed head) with problem documents, and logs
 * nothing: the parser's texts repeat what the caller sent. Named in {@code
 * pekko.http.server.parsing.error-handler}, which loads it like a Scala object.
 */
public final class ProblemParsingErrorHandler extends ParsingErrorHandler {
  /** Where Pekko looks for the instance of a Scala object. */
  public static final ProblemParsingErrorHandler MODULE$ = new ProblemParsingErrorHandler();

  private ProblemParsingErrorHandler() {}

  @Override
  public HttpResponse handle(
      StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
    String detail =
        switch (status.intValue()) {
          case 414 -> "the request target is too long";
          case 431 -> "the headers are too large";
          case 413 -> "the body is too large";
          default -> "the request is malformed: " + status.reason();
        };
    return Problem.of(status.intValue(), detail).toResponse();
  }
}
