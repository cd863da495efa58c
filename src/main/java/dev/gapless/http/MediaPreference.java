package dev.gapless.http;

import java.util.Locale;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** Which of two media types a request prefers, by the quality values of its Accept. Pure. */
final class MediaPreference {
  private MediaPreference() {}

  /** What {@code GET /v1/events} answers with. */
  enum Kind {
    STREAM,
    PAGE,
    NEITHER
  }

  static Kind of(HttpRequest request) {
    StringBuilder accept = new StringBuilder();
    boolean given = false;
    for (HttpHeader header : request.getHeaders()) {
      if (header.is("accept")) {
        accept.append(given ? "," : "").append(header.value());
        given = true;
      }
    }
    return given ? of(accept.toString()) : Kind.STREAM;
  }

  /** A stream if it is acceptable and no less so than a page. */
  static Kind of(String accept) {
    int stream = quality(accept, "text", "event-stream");
    int page = quality(accept, "application", "json");
    if (stream > 0 && stream >= page) {
      return Kind.STREAM;
    }
    return page > 0 ? Kind.PAGE : Kind.NEITHER;
  }

  /** The quality of a media type in thousandths; the most specific range decides. */
  private static int quality(String accept, String type, String subtype) {
    int best = 0;
    int bestSpecificity = -1;
    for (String range : accept.split(",")) {
      String[] parts = range.split(";");
      String name = parts[0].strip().toLowerCase(Locale.ROOT);
      int specificity =
          name.equals(type + "/" + subtype)
              ? 2
              : name.equals(type + "/*") ? 1 : name.equals("*/*") ? 0 : -1;
      if (specificity < 0 || specificity < bestSpecificity) {
        continue;
      }
      int quality = quality(parts);
      best = specificity > bestSpecificity ? quality : Math.max(best, quality);
      bestSpecificity = specificity;
    }
    return best;
  }

  private static int quality(String[] parts) {
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip().toLowerCase(Locale.ROOT);
      if (parameter.startsWith("q=")) {
        String value = parameter.substring(2).strip();
        return value.matches("1(\\.0{0,3})?|0(\\.\\d{0,3})?")
            ? (int) Math.round(Double.parseDouble(value) * 1000)
            : 0;
      }
    }
    return 1000;
  }
}
