package dev.gapless.homeserver;

import dev.gapless.event.InvalidValueException;
import dev.gapless.files.ListingRequest;
import dev.gapless.http.QueryParameters;
import java.util.List;
import java.util.Optional;

/** What a request for a folder asks, as clients of the existing homeserver write it. Pure. */
final class ListingQuery {
  private static final String SCHEME = "pubky://";

  private ListingQuery() {}

  /**
   * @param folder normalised, ends in a slash
   * @throws InvalidRequestException if the cursor is no path
   */
  static ListingRequest parse(QueryParameters query, String user, String folder) {
    Optional<String> cursor =
        last(query, "cursor").filter(value -> !value.isEmpty()).map(c -> path(c, user, folder));
    try {
      return new ListingRequest(
          user, folder, limit(query), cursor, flag(query, "reverse"), flag(query, "shallow"));
    } catch (InvalidValueException e) {
      throw InvalidRequestException.echoing("Invalid cursor", last(query, "cursor").orElse(""));
    }
  }

  /** A cursor is a line of a listing, with or without the scheme, or a path in the folder. */
  private static String path(String cursor, String user, String folder) {
    String rest = cursor.startsWith(SCHEME) ? cursor.substring(SCHEME.length()) : cursor;
    if (rest.startsWith(user + "/")) {
      return rest.substring(user.length());
    }
    return rest.startsWith("/") ? rest : folder + rest;
  }

  private static int limit(QueryParameters query) {
    long limit =
        last(query, "limit")
            .map(DecimalNumber::parse)
            .filter(number -> number.isPresent() && number.getAsLong() > 0)
            .map(number -> number.getAsLong())
            .orElse((long) ListingRequest.DEFAULT_LIMIT);
    return (int) Math.min(limit, ListingRequest.MAX_LIMIT);
  }

  private static boolean flag(QueryParameters query, String name) {
    return last(query, name).filter(value -> value.equals("true") || value.equals("1")).isPresent();
  }

  private static Optional<String> last(QueryParameters query, String name) {
    List<String> values = query.all(name);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.get(values.size() - 1));
  }
}
