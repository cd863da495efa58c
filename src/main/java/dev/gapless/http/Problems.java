package dev.gapless.http;

import dev.gapless.event.InvalidValueException;
import java.sql.SQLException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.StreamSupport;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.ExceptionHandler;
import org.apache.pekko.http.javadsl.server.RejectionHandler;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.http.scaladsl.model.EntityStreamException;
import org.apache.pekko.http.scaladsl.model.EntityStreamSizeException;
import org.apache.pekko.http.scaladsl.model.IllegalRequestException;
import org.apache.pekko.http.scaladsl.model.http2.Http2Exception;
import org.apache.pekko.stream.StreamTcpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns failures into {@link Problem} answers. Thread-safe. */
public final class Problems {
  private static final Logger LOG = LoggerFactory.getLogger("dev.gapless.http");

  /** Where Pekko HTTP refuses what HTTP/2 forbids. */
  private static final String HTTP2_ENGINE = "org.apache.pekko.http.impl.engine.http2.";

  /** How Pekko tells of an HTTP/2 connection that ended in the middle of a frame. */
  private static final String CUT_FRAME = "truncated data in ByteStringParser";

  private Problems() {}

  /**
   * The answer to a failure: the problem it carries, 400 or 413 for a bad value, 503 for a database
   * that is away, else 500. Only the last two are logged, by kind and place: messages of drivers
   * may hold what the caller sent.
   */
  public static HttpResponse respond(Throwable failure) {
    Throwable cause = unwrap(failure);
    Problem problem = of(cause);
    String requestId = Problem.newRequestId();
    if (problem.status() >= 500 && !(cause instanceof ProblemException)) {
      LOG.error("request {} failed: {}", requestId, describe(cause));
    }
    return problem.toResponse(requestId);
  }

  /** The problem for a failure, without logging it. */
  public static Problem of(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof ProblemException carried) {
      return carried.problem();
    }
    if (cause instanceof InvalidValueException invalid) {
      return Problem.of(invalid.isTooLarge() ? 413 : 400, message(invalid))
          .with("field", invalid.field());
    }
    if (cause instanceof EntityStreamSizeException) {
      return Problem.of(413, "the body is too large");
    }
    if (cause instanceof IllegalRequestException) {
      return Problem.of(400, "the request is malformed");
    }
    if (isOfConnection(cause)) {
      return Problem.of(400, "the body ended before it was whole, or is malformed");
    }
    if (isDatabase(cause)) {
      return Problem.of(503, "the database is not available");
    }
    return Problem.of(500, "an internal error; the request id is in the log of the node");
  }

  /** A client that goes in the middle of its body, or sends what is none: nothing is wrong here. */
  private static boolean isOfConnection(Throwable cause) {
    return cause instanceof EntityStreamException
        || cause instanceof StreamTcpException
        || cause instanceof Http2Exception
        || cause.getClass().getName().startsWith(HTTP2_ENGINE)
        || (cause instanceof IllegalStateException && CUT_FRAME.equals(cause.getMessage()));
  }

  /**
   * Seals a route: what it rejects or throws, and what it does not know, is answered with problem
   * documents.
   */
  public static Route seal(Route route) {
    Route sealed = route.seal(rejections(), exceptions());
    return Directives.extractRequest(
        request ->
            hasHeadersOnly(request)
                ? sealed
                : Directives.complete(
                    respond(
                        Problem.of(400, "a header of the request is malformed").asException())));
  }

  // Pekko puts what an unknown pseudo-header of HTTP/2 holds among the headers, as it is: whoever
  // looks through them fails
  private static boolean hasHeadersOnly(HttpRequest request) {
    Iterable<?> headers = request.getHeaders();
    return StreamSupport.stream(headers.spliterator(), false)
        .allMatch(HttpHeader.class::isInstance);
  }

  static RejectionHandler rejections() {
    return RejectionHandler.defaultHandler().mapRejectionResponse(Problems::restate);
  }

  static ExceptionHandler exceptions() {
    return ExceptionHandler.newBuilder()
        .matchAny(failure -> Directives.complete(respond(failure)))
        .build();
  }

  /** The failure inside the wrappers of futures. */
  public static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException || cause instanceof ExecutionException) {
      Throwable inner = cause.getCause();
      if (inner == null) {
        return cause;
      }
      cause = inner;
    }
    return cause;
  }

  /** Classes, SQL states and the place of a failure, without any message. */
  public static String describe(Throwable failure) {
    StringBuilder text = new StringBuilder();
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 6; depth++) {
      text.append(depth == 0 ? "" : " <- ").append(cause.getClass().getName());
      if (cause instanceof SQLException sql) {
        text.append('[').append(sql.getSQLState()).append(']');
      }
      StackTraceElement[] trace = cause.getStackTrace();
      for (int i = 0; i < Math.min(trace.length, 4); i++) {
        text.append(i == 0 ? " at " : ", ").append(trace[i]);
      }
      cause = cause.getCause();
    }
    return text.toString();
  }

  static boolean isDatabase(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 8; depth++) {
      if (cause instanceof SQLException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  private static String message(InvalidValueException invalid) {
    String text = invalid.getMessage();
    return text == null ? invalid.field() : text;
  }

  // Pekko's own texts may repeat what the caller sent, so only status and headers stay
  private static HttpResponse restate(HttpResponse rejected) {
    HttpResponse answer =
        Problem.of(rejected.status().intValue(), rejected.status().reason()).toResponse();
    for (HttpHeader header : rejected.getHeaders()) {
      answer = answer.addHeader(header);
    }
    return answer;
  }
}
