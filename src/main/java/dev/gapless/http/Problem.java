package dev.gapless.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpCharsets;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.util.ByteString;

/**
 * A problem document (RFC 9457). Its texts are shown to the caller: they name parameters and rules,
 * never values. Immutable and thread-safe.
 *
 * @param status the HTTP status
 * @param detail one sentence for people
 * @param members further members of the document, in order: strings, numbers and booleans
 */
public record Problem(int status, String detail, Map<String, Object> members) {
  /** {@code application/problem+json}. */
  public static final ContentType CONTENT_TYPE =
      MediaTypes.applicationWithFixedCharset("problem+json", HttpCharsets.UTF_8).toContentType();

  /** Carries the id that the document and the node's log share. */
  public static final String REQUEST_ID = "X-Request-Id";

  /** A member that is the header {@code Retry-After} as well, in whole seconds. */
  static final String RETRY_AFTER = "retryAfter";

  private static final SecureRandom RANDOM = new SecureRandom();

  public Problem {
    members = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(members));
  }

  public static Problem of(int status, String detail) {
    return new Problem(status, detail, Map.of());
  }

  /** A 400 that names the parameter, header or field at fault. */
  public static Problem badRequest(String field, String detail) {
    return of(400, detail).with("field", field);
  }

  /** Adds a member to the document. */
  public Problem with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(members);
    more.put(name, value);
    return new Problem(status, detail, more);
  }

  /** Throws it to whoever turns failures into answers. */
  public ProblemException asException() {
    return new ProblemException(this);
  }

  /** The answer, with a request id of its own. */
  public HttpResponse toResponse() {
    return toResponse(newRequestId());
  }

  HttpResponse toResponse(String requestId) {
    ObjectNode document = Json.object();
    document.put("type", "about:blank");
    document.put("title", StatusCodes.get(status).reason());
    document.put("status", status);
    document.put("detail", detail);
    members.forEach(document::putPOJO);
    document.put("requestId", requestId);
    HttpResponse answer =
        HttpResponse.create()
            .withStatus(status)
            .withEntity(
                HttpEntities.create(CONTENT_TYPE, ByteString.fromArrayUnsafe(Json.bytes(document))))
            .addHeader(RawHeader.create(REQUEST_ID, requestId))
            .addHeader(RawHeader.create("Cache-Control", "no-store"));
    return switch (status) {
      case 401 -> answer.addHeader(RawHeader.create("WWW-Authenticate", "Bearer"));
      case 429 ->
          answer.addHeader(
              RawHeader.create("Retry-After", members.getOrDefault(RETRY_AFTER, 1).toString()));
      case 503 -> answer.addHeader(RawHeader.create("Retry-After", "1"));
      default -> answer;
    };
  }

  static String newRequestId() {
    byte[] id = new byte[8];
    RANDOM.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }
}
