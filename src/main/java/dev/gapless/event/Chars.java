package dev.gapless.event;

/** Character classes of the wire, without the locale and Unicode surprises of {@link Character}. */
final class Chars {
  private Chars() {}

  static boolean isAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c);
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
