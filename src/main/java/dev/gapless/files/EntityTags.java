package dev.gapless.files;

import dev.gapless.event.InvalidValueException;
import java.util.ArrayList;
import java.util.List;

/**
 * The value of {@code If-Match} or {@code If-None-Match} (RFC 9110, 8.8.3 and 13.1). Immutable and
 * thread-safe.
 *
 * @param any whether the value is {@code *}
 * @param strong strong tags, with their quotes
 * @param weak the opaque parts of weak tags, with their quotes, without {@code W/}
 */
public record EntityTags(boolean any, List<String> strong, List<String> weak) {
  public static final EntityTags ANY = new EntityTags(true, List.of(), List.of());

  public EntityTags {
    strong = List.copyOf(strong);
    weak = List.copyOf(weak);
  }

  /** One strong tag, given with its quotes. */
  public static EntityTags of(String etag) {
    return new EntityTags(false, List.of(etag), List.of());
  }

  /**
   * @throws InvalidValueException naming the header if the value is neither {@code *} nor a list of
   *     entity tags
   */
  public static EntityTags parse(String header, String value) {
    if (value.strip().equals("*")) {
      return ANY;
    }
    List<String> strong = new ArrayList<>();
    List<String> weak = new ArrayList<>();
    int at = 0;
    while (true) {
      at = skipSeparators(value, at);
      if (at == value.length()) {
        break;
      }
      boolean isWeak = value.startsWith("W/", at);
      int open = isWeak ? at + 2 : at;
      int close = open < value.length() ? value.indexOf('"', open + 1) : -1;
      if (close < 0 || value.charAt(open) != '"' || !separated(value, close + 1)) {
        throw InvalidValueException.of(header, "must be * or a list of entity tags");
      }
      (isWeak ? weak : strong).add(value.substring(open, close + 1));
      at = close + 1;
    }
    if (strong.isEmpty() && weak.isEmpty()) {
      throw InvalidValueException.of(header, "must be * or a list of entity tags");
    }
    return new EntityTags(false, strong, weak);
  }

  /** Strong comparison, for {@code If-Match}. */
  boolean matchesStrongly(StoredFile file) {
    return any || strong.contains(file.etag());
  }

  /** Weak comparison, for {@code If-None-Match}. */
  boolean matchesWeakly(StoredFile file) {
    return matchesStrongly(file) || weak.contains(file.etag());
  }

  private static int skipSeparators(String value, int from) {
    int at = from;
    while (at < value.length() && (isBlank(value.charAt(at)) || value.charAt(at) == ',')) {
      at++;
    }
    return at;
  }

  private static boolean separated(String value, int at) {
    return at == value.length() || value.charAt(at) == ',' || isBlank(value.charAt(at));
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }
}
