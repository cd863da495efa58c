package dev.gapless.event;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The rule for paths: absolute, at most 2,048 bytes of UTF-8, segments at most 255 bytes, no
 * control characters. Paths are compared byte for byte; no Unicode normalisation happens. Pure and
 * thread-safe.
 */
public final class Paths {
  /** PostgreSQL cannot index keys much longer than this. */
  public static final int MAX_BYTES = 2048;

  public static final int MAX_SEGMENT_BYTES = 255;

  private Paths() {}

  /**
   * Returns the path with {@code .}, {@code ..} and empty segments resolved. A trailing slash
   * stays: it tells a folder or a prefix filter from a plain path.
   *
   * @throws InvalidValueException naming {@code field} if the path is not absolute, leaves the
   *     root, is too long or holds a control character or a lone surrogate
   */
  public static String normalize(String field, String path) {
    if (path.isEmpty() || path.charAt(0) != '/') {
      throw InvalidValueException.of(field, "a path begins with /");
    }
    requireText(field, path);
    String normalized = isNormal(path) ? path : resolve(field, path);
    requireLengths(field, normalized);
    return normalized;
  }

  /**
   * Whether {@code filter} (a normalised path) selects {@code path}: ending in a slash it selects
   * all below it.
   */
  public static boolean selects(String filter, String path) {
    return filter.endsWith("/") ? path.startsWith(filter) : path.equals(filter);
  }

  /** Whether everything that {@code inner} selects is selected by {@code outer} too. */
  public static boolean covers(String outer, String inner) {
    return outer.endsWith("/") ? inner.startsWith(outer) : inner.equals(outer);
  }

  private static boolean isNormal(String path) {
    return !path.contains("//")
        && !path.contains("/./")
        && !path.contains("/../")
        && !path.endsWith("/.")
        && !path.endsWith("/..");
  }

  private static String resolve(String field, String path) {
    List<String> kept = new ArrayList<>();
    String[] segments = path.split("/", -1);
    for (String segment : segments) {
      if (segment.isEmpty() || segment.equals(".")) {
        continue;
      }
      if (segment.equals("..")) {
        if (kept.isEmpty()) {
          throw InvalidValueException.of(field, "\"..\" leads above the root");
        }
        kept.remove(kept.size() - 1);
      } else {
        kept.add(segment);
      }
    }
    String last = segments[segments.length - 1];
    boolean folder = last.isEmpty() || last.equals(".") || last.equals("..");
    if (kept.isEmpty()) {
      return "/";
    }
    return "/" + String.join("/", kept) + (folder ? "/" : "");
  }

  private static void requireText(String field, String path) {
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      // C0, DEL and C1: PostgreSQL's CHECK refuses the same set
      if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) {
        throw InvalidValueException.of(field, "control characters are not allowed");
      }
      if (Character.isSurrogate(c)) {
        if (!Character.isHighSurrogate(c)
            || i + 1 == path.length()
            || !Character.isLowSurrogate(path.charAt(i + 1))) {
          throw InvalidValueException.of(field, "not valid Unicode");
        }
        i++;
      }
    }
  }

  private static void requireLengths(String field, String path) {
    if (utf8Length(path) > MAX_BYTES) {
      throw InvalidValueException.of(field, "at most 2048 bytes of UTF-8");
    }
    int start = 1;
    while (start < path.length()) {
      int end = path.indexOf('/', start);
      if (end < 0) {
        end = path.length();
      }
      if (end - start > MAX_SEGMENT_BYTES / 4
          && utf8Length(path.substring(start, end)) > MAX_SEGMENT_BYTES) {
        throw InvalidValueException.of(field, "a segment is at most 255 bytes of UTF-8");
      }
      start = end + 1;
    }
  }

  private static int utf8Length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
