package dev.gapless.homeserver;

/**
 * The rule for users of the homeserver API: a public key of 32 bytes in z-base-32, 52 characters,
 * without a {@code pubky} prefix. Whether the bytes are a point of the curve is not asked: nobody
 * proves possession of the key here. Pure and thread-safe.
 */
public final class UserKeys {
  public static final int LENGTH = 52;

  // https://philzimmermann.com/docs/human-oriented-base-32-encoding.txt
  private static final String ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";
  private static final boolean[] KNOWN = new boolean[128];

  static {
    ALPHABET.chars().forEach(c -> KNOWN[c] = true);
  }

  private UserKeys() {}

  public static boolean isValid(String text) {
    if (text.length() != LENGTH) {
      return false;
    }
    for (int i = 0; i < LENGTH; i++) {
      char c = text.charAt(i);
      if (c >= KNOWN.length || !KNOWN[c]) {
        return false;
      }
    }
    // 52 characters hold 260 bits: the last four are padding and zero, or two texts would name one
    // user
    return (ALPHABET.indexOf(text.charAt(LENGTH - 1)) & 0b1111) == 0;
  }
}
