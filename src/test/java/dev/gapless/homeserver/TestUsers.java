package dev.gapless.homeserver;

import java.security.SecureRandom;

/** User keys for tests. */
public final class TestUsers {
  static final String ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";

  private static final SecureRandom RANDOM = new SecureRandom();

  private TestUsers() {}

  /** A key that no other test uses. */
  public static String random() {
    byte[] key = new byte[32];
    RANDOM.nextBytes(key);
    return encode(key);
  }

  static String encode(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    int buffer = 0;
    int bits = 0;
    for (byte b : bytes) {
      buffer = (buffer << 8 | b & 0xff) & 0xfff;
      bits += 8;
      while (bits >= 5) {
        text.append(ALPHABET.charAt(buffer >> bits - 5 & 31));
        bits -= 5;
      }
    }
    return bits == 0
        ? text.toString()
        : text.append(ALPHABET.charAt(buffer << 5 - bits & 31)).toString();
  }
}
