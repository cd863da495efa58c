package dev.gapless.event;

/** The rule for owners: 1–128 of {@code A–Z a–z 0–9 . _ ~ -}. Pure and thread-safe. */
public final class Owners {
  public static final int MAX_LENGTH = 128;

  private Owners() {}

  /**
   * Returns the owner unchanged.
   *
   * @throws InvalidValueException naming {@code field} if it breaks the rule
   */
  public static String require(String field, String owner) {
    if (!isValid(owner)) {
      throw InvalidValueException.of(
          field, "an owner is 1 to 128 characters of A-Z a-z 0-9 . _ ~ -");
    }
    return owner;
  }

  public static boolean isValid(String owner) {
    if (owner.isEmpty() || owner.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < owner.length(); i++) {
      char c = owner.charAt(i);
      if (!Chars.isAlphanumeric(c) && c != '.' && c != '_' && c != '~' && c != '-') {
        return false;
      }
    }
    return true;
  }
}
