package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.http.QueryParameters;

/**
 * The parameters of {@code GET /events/}. Immutable.
 *
 * @param limit 0 … {@link #MAX_LIMIT}
 */
record FeedQuery(Cursor after, int limit) {
  static final int DEFAULT_LIMIT = 100;
  static final int MAX_LIMIT = 1000;

  private static final String SCHEME = "pubky://";

  /** Unknown parameters are ignored; of a repeated one the last counts. */
  static FeedQuery parse(QueryParameters query) {
    return new FeedQuery(
        LastValue.of(query, "cursor").map(FeedQuery::parseCursor).orElse(Cursor.EARLIEST),
        LastValue.of(query, "limit").map(FeedQuery::parseLimit).orElse(DEFAULT_LIMIT));
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
