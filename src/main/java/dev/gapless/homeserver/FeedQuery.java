package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import java.util.List;

/**
 * The parameters of {@code GET /events/}. Immutable.
 *
 * @param limit 0 … {@link #MAX_LIMIT}
 */
record FeedQuery(Cursor after, int limit) {
  static final int DEFAULT_LIMIT = 100;
  static final int MAX_LIMIT = 1000;

  private static final String SCHEME = "pubky://";

  /** Of a repeated parameter the last one counts. */
  static FeedQuery parse(List<Parameter> parameters) {
    Cursor after = Cursor.EARLIEST;
    int limit = DEFAULT_LIMIT;
    for (Parameter parameter : parameters) {
      switch (parameter.name()) {
        case "cursor" -> after = parseCursor(parameter.value());
        case "limit" -> limit = parseLimit(parameter.value());
        default -> {
          // unknown parameters are ignored
        }
      }
    }
    return new FeedQuery(after, limit);
  }

  private static Cursor parseCursor(String value) {
    String cursor = value.startsWith(SCHEME) ? value.substring(SCHEME.length()) : value;
    if (cursor.isEmpty()) {
      return Cursor.EARLIEST;
    }
    return Cursor.parse(cursor).orElseThrow(() -> new InvalidRequestException("Invalid cursor"));
  }

  private static int parseLimit(String value) {
    return DecimalNumber.parse(value).stream()
        .mapToInt(limit -> (int) Math.min(limit, MAX_LIMIT))
        .findFirst()
        .orElse(DEFAULT_LIMIT);
  }
}
