package dev.gapless.files;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** Reads the headers that a file's answer depends on. Pure and thread-safe. */
public final class RequestConditions {
  private RequestConditions() {}

  /**
   * @throws dev.gapless.event.InvalidValueException naming the header that is not as it must be;
   *     dates that are none are ignored, as RFC 9110 wants it
   */
  public static Conditions of(HttpRequest request) {
    return new Conditions(
        header(request, "If-Match").map(value -> EntityTags.parse("If-Match", value)),
        header(request, "If-None-Match").map(value -> EntityTags.parse("If-None-Match", value)),
        header(request, "If-Modified-Since").flatMap(RequestConditions::date),
        header(request, "If-Unmodified-Since").flatMap(RequestConditions::date));
  }

  /** The {@code Range} to regard: none if {@code If-Range} names another version. */
  static Optional<String> range(HttpRequest request, StoredFile file) {
    boolean same =
        header(request, "If-Range")
            .map(
                value ->
                    value.equals(file.etag())
                        || date(value).filter(file.lastModified()::equals).isPresent())
            .orElse(true);
    return same ? header(request, "Range") : Optional.empty();
  }

  /** In the form of HTTP dates. */
  static String format(Instant instant) {
    return org.apache.pekko.http.javadsl.model.DateTime.create(instant.toEpochMilli())
        .toRfc1123DateTimeString();
  }

  /** Several lines of one name are one list. */
  private static Optional<String> header(HttpRequest request, String name) {
    String lower = name.toLowerCase(java.util.Locale.ROOT);
    StringBuilder joined = new StringBuilder();
    for (HttpHeader header : request.getHeaders()) {
      if (header.is(lower)) {
        joined.append(joined.isEmpty() ? "" : ", ").append(header.value());
      }
    }
    return joined.isEmpty() ? Optional.empty() : Optional.of(joined.toString());
  }

  private static Optional<Instant> date(String value) {
    try {
      return Optional.of(
          ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeException notADate) {
      return Optional.empty();
    }
  }
}
