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
    return problem(status, error).toResponse();
  }

  private static Problem problem(StatusCode status, ErrorInfo error) {
    return switch (status.intValue()) {
      case 414 -> Problem.of(414, "the request target is too long");
      case 431 -> Problem.of(431, "the headers are too large");
      case 413 -> Problem.of(413, "the body is too large");
      // what a client makes up is no failure of the node
      case 501 -> Problem.of(400, "the request is malformed: its method is unknown");
      case 505 -> Problem.of(400, "the request is malformed: its version is not HTTP/1.0 or 1.1");
      default -> problem(status.intValue(), status.reason(), error.summary());
    };
  }

  // these texts begin with words of the parser's own; what follows may be what the client sent
  private static Problem problem(int status, String reason, String summary) {
    if (summary.startsWith("Illegal request-target")) {
      return Problem.of(status, "the request is malformed: its target does not parse");
    }
    if (summary.startsWith("Illegal HTTP message start")) {
      return Problem.of(408, "the head of the request ended early, or did not arrive in time");
    }
    return Problem.of(status, "the request is malformed: " + reason);
  }
}
