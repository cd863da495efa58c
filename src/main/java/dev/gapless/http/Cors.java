package dev.gapless.http;

import java.util.List;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** Which origins' pages may call a face (the Fetch standard's CORS protocol). Immutable. */
public final class Cors {
  private static final String ALLOWED_HEADERS =
      "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since,"
          + " If-None-Match, Last-Event-ID, Pubky-Host, Range, Traceparent, Tracestate";
  private static final String EXPOSED_HEADERS =
      "Content-Length, Content-Range, ETag, Last-Modified, Retry-After, X-Event-Cursor, "
          + Problem.REQUEST_ID;

  private final List<String> origins;

  private Cors(List<String> origins) {
    this.origins = origins;
  }

  /** Pages of these origins, with credentials; {@code *} is every origin, without. */
  public static Cors of(List<String> origins) {
    return new Cors(List.copyOf(origins));
  }

  /** Every origin, without credentials. */
  public static Cors any() {
    return new Cors(List.of("*"));
  }

  /** Adds what lets a page of an allowed origin read the answer. */
  public HttpResponse decorate(HttpRequest request, HttpResponse response) {
    Optional<String> allowed = allowed(request);
    if (allowed.isEmpty()) {
      return response;
    }
    return withOrigin(response, allowed.get())
        .addHeader(RawHeader.create("Access-Control-Expose-Headers", EXPOSED_HEADERS));
  }

  /** The answer to a preflight request, or to a plain OPTIONS. */
  HttpResponse options(HttpRequest request, String methods) {
    HttpResponse answer =
        HttpResponse.create().withStatus(204).addHeader(RawHeader.create("Allow", methods));
    Optional<String> allowed = allowed(request);
    if (allowed.isEmpty() || request.getHeader("Access-Control-Request-Method").isEmpty()) {
      return answer;
    }
    return withOrigin(answer, allowed.get())
        .addHeader(RawHeader.create("Access-Control-Allow-Methods", methods))
        .addHeader(RawHeader.create("Access-Control-Allow-Headers", ALLOWED_HEADERS))
        .addHeader(RawHeader.create("Access-Control-Max-Age", "600"));
  }

  private Optional<String> allowed(HttpRequest request) {
    Optional<String> origin = request.getHeader("Origin").map(header -> header.value());
    if (origin.isEmpty()) {
      return Optional.empty();
    }
    if (origins.contains(origin.get())) {
      return origin;
    }
    return origins.contains("*") ? Optional.of("*") : Optional.empty();
  }

  private static HttpResponse withOrigin(HttpResponse response, String origin) {
    HttpResponse answer =
        response.addHeader(RawHeader.create("Access-Control-Allow-Origin", origin));
    return origin.equals("*")
        ? answer
        : answer.addHeader(RawHeader.create("Access-Control-Allow-Credentials", "true"));
  }
}
