package dev.gapless.event;

/**
 * The rule for event types: 1–64 of {@code A–Z a–z 0–9 . _ -}; {@code error} and {@code open}
 * collide with the names {@code EventSource} dispatches itself, and {@code gapless.} is kept for
 * control events. Pure and thread-safe.
 */
public final class EventTypes {
  public static final int MAX_LENGTH = 64;
  public static final String RESERVED_PREFIX = "gapless.";

  private EventTypes() {}

  /**
   * Returns the type unchanged.
   *
   * @throws InvalidValueException naming {@code field} if it breaks the rule
   */
  public static String require(String field, String type) {
    if (!isValid(type)) {
      throw InvalidValueException.of(
          field,
          "a type is 1 to 64 characters of A-Z a-z 0-9 . _ -, not \"error\" or \"open\", and does not"
              + " begin with \"gapless.\"");
    }
    return type;
  }

  public static boolean isValid(String type) {
    if (type.isEmpty() || type.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < type.length(); i++) {
      char c = type.charAt(i);
      if (!Chars.isAlphanumeric(c) && c != '.' && c != '_' && c != '-') {
        return false;
      }
    }
    return !type.equals("error") && !type.equals("open") && !type.startsWith(RESERVED_PREFIX);
  }
}
