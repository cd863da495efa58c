package dev.gapless.fuzz;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The rules for values, read out of {@code docs/protocol.md} a second time and written without the
 * product's code, so that a mistake in one of them shows as a difference. Pure.
 */
final class Rules {
  private static final BigInteger LAST = BigInteger.valueOf(Long.MAX_VALUE);

  private Rules() {}

  static boolean isOwner(String text) {
    return text.matches("[A-Za-z0-9._~-]{1,128}");
  }

  static boolean isType(String text) {
    return text.matches("[A-Za-z0-9._-]{1,64}")
        && !text.equals("error")
        && !text.equals("open")
        && !text.startsWith("gapless.");
  }

  /** The path as it is stored; empty if it is none. */
  static Optional<String> path(String text) {
    if (!text.startsWith("/")
        || text.codePoints().anyMatch(c -> c < 0x20 || (c >= 0x7f && c < 0xa0))) {
      return Optional.empty();
    }
    Deque<String> kept = new ArrayDeque<>();
    String last = "";
    for (String segment : text.substring(1).split("/", -1)) {
      last = segment;
      if (segment.equals("..")) {
        if (kept.pollLast() == null) {
          return Optional.empty();
        }
      } else if (!segment.isEmpty() && !segment.equals(".")) {
        kept.add(segment);
      }
    }
    boolean folder = last.isEmpty() || last.equals(".") || last.equals("..");
    String path = "/" + String.join("/", kept) + (folder && !kept.isEmpty() ? "/" : "");
    boolean fits = bytes(path) <= 2048 && kept.stream().allMatch(segment -> bytes(segment) <= 255);
    return fits ? Optional.of(path) : Optional.empty();
  }

  /** A cursor as sent in {@code id:}, or a bare position. */
  static boolean isCursor(String text) {
    if (!text.matches("[0-9]{1,19}(-[0-9a-hjkmnp-tv-z]{5})?")) {
      return false;
    }
    BigInteger position = new BigInteger(text.split("-")[0]);
    // the empty log has no event, hence no fingerprint
    boolean named = !text.contains("-") || position.signum() > 0;
    return named && position.compareTo(LAST) <= 0;
  }

  /** Where a cursor is expected. */
  static boolean isResume(String text) {
    return isCursor(text) || text.equals("earliest");
  }

  static boolean isStart(String text) {
    return isResume(text) || text.equals("now");
  }

  static boolean isFlag(String text) {
    return text.equals("true") || text.equals("false");
  }

  static boolean isNumber(String text, long least, long most) {
    return text.matches("[0-9]{1,19}")
        && new BigInteger(text).compareTo(BigInteger.valueOf(least)) >= 0
        && new BigInteger(text).compareTo(BigInteger.valueOf(most)) <= 0;
  }

  /** A key of the homeserver API: 256 bits in z-base-32, the rest of the last character zero. */
  static boolean isUser(String text) {
    return text.matches("[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo]");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
