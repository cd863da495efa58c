package dev.gapless.homeserver;

import java.util.OptionalLong;

/** Non-negative numbers as callers write them: ASCII digits and nothing else. */
final class DecimalNumber {
  private static final int MAX_EXACT_DIGITS = 18;

  private DecimalNumber() {}

  /** The number, {@link Long#MAX_VALUE} if it has too many digits; empty if it is none. */
  static OptionalLong parse(String text) {
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return OptionalLong.empty();
      }
      if (c == '0' && start == i && i + 1 < text.length()) {
        start = i + 1;
      }
    }
    return OptionalLong.of(
        text.length() - start > MAX_EXACT_DIGITS
            ? Long.MAX_VALUE
            : Long.parseLong(text, start, text.length(), 10));
  }
}
