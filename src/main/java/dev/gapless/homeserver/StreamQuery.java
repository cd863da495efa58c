package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Paths;
import dev.gapless.http.QueryParameters;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The parameters of {@code GET /events-stream}. Immutable.
 *
 * @param users each user's cursor; a user without one begins at {@link Cursor#EARLIEST}
 * @param paths normalised, at least one
 * @param limit 1 … {@link #MAX_LIMIT}
 */
record StreamQuery(
    Map<String, Cursor> users,
    Set<String> paths,
    OptionalInt limit,
    boolean live,
    boolean reverse) {
  static final int MAX_USERS = 50;
  static final int MAX_PATHS = 50;
  static final int MAX_LIMIT = 65_535;
  static final String DEFAULT_PATH = "/pub/";

  StreamQuery {
    users = Map.copyOf(users);
    paths = Set.copyOf(paths);
  }

  /** Unknown parameters are ignored; of a repeated user or single parameter the last counts. */
  static StreamQuery parse(QueryParameters query) {
    Map<String, Cursor> users = parseUsers(query.all("user"));
    OptionalInt limit =
        LastValue.of(query, "limit").stream().mapToInt(StreamQuery::parseLimit).findFirst();
    boolean live = LastValue.of(query, "live").filter(StreamQuery::isTrue).isPresent();
    boolean reverse = LastValue.of(query, "reverse").filter(StreamQuery::isTrue).isPresent();
    if (live && reverse) {
      throw new InvalidRequestException("Cannot use live mode with reverse ordering");
    }
    return new StreamQuery(users, parsePaths(query.all("path")), limit, live, reverse);
  }

  private static Map<String, Cursor> parseUsers(List<String> values) {
    if (values.isEmpty()) {
      throw new InvalidRequestException("user parameter is required");
    }
    if (values.size() > MAX_USERS) {
      throw new InvalidRequestException("Too many users. Maximum allowed: " + MAX_USERS);
    }
    Map<String, Cursor> users = new LinkedHashMap<>();
    for (String value : values) {
      int colon = value.indexOf(':');
      String key = colon < 0 ? value : value.substring(0, colon);
      if (!UserKeys.isValid(key)) {
        throw InvalidRequestException.echoing("Invalid public key", key);
      }
      users.put(key, colon < 0 ? Cursor.EARLIEST : parseCursor(value.substring(colon + 1)));
    }
    return users;
  }

  private static Cursor parseCursor(String value) {
    return Cursor.parse(value)
        .orElseThrow(() -> InvalidRequestException.echoing("Invalid cursor", value));
  }

  private static int parseLimit(String value) {
    OptionalLong limit = DecimalNumber.parse(value);
    if (limit.isEmpty() || limit.getAsLong() > MAX_LIMIT) {
      throw InvalidRequestException.echoing("Invalid limit", value);
    }
    if (limit.getAsLong() == 0) {
      throw new InvalidRequestException("limit must be at least 1");
    }
    return (int) limit.getAsLong();
  }

  private static boolean isTrue(String value) {
    return value.equals("true") || value.equals("1");
  }

  private static Set<String> parsePaths(List<String> values) {
    Set<String> paths = new LinkedHashSet<>();
    for (String value : values) {
      if (!value.isEmpty()) {
        paths.add(parsePath(value));
      }
    }
    if (paths.size() > MAX_PATHS) {
      throw new InvalidRequestException("Too many paths. Maximum allowed: " + MAX_PATHS);
    }
    return paths.isEmpty() ? Set.of(DEFAULT_PATH) : paths;
  }

  private static String parsePath(String value) {
    try {
      return Paths.normalize("path", value.startsWith("/") ? value : "/" + value);
    } catch (InvalidValueException invalid) {
      throw InvalidRequestException.echoing("Invalid path", value);
    }
  }
}
