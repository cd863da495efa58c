package dev.gapless.event;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/**
 * The fingerprint of an event: 25 bits of a CRC-32C over its immutable columns (position, owner,
 * path, type, insertion time in microseconds), written as five base-32 characters. A cursor carries
 * it, so that a log that went back in time and handed the same position to another event is
 * noticed. It is no secret and no protection against forgery.
 *
 * <p>The alphabet is Crockford's base 32 in lower case (https://www.crockford.com/base32.html).
 * Pure and thread-safe.
 */
public final class Fingerprint {
  public static final int LENGTH = 5;
  private static final int BITS = 25;
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

  private Fingerprint() {}

  static int of(long position, String owner, String path, String type, Instant at) {
    CRC32C crc = new CRC32C();
    updateLong(crc, position);
    updateText(crc, owner);
    updateText(crc, path);
    updateText(crc, type);
    updateLong(
        crc,
        Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000L), at.getNano() / 1_000));
    return (int) (crc.getValue() & ((1 << BITS) - 1));
  }

  static String encode(int fingerprint) {
    char[] text = new char[LENGTH];
    int rest = fingerprint;
    for (int i = LENGTH - 1; i >= 0; i--) {
      text[i] = ALPHABET.charAt(rest & 31);
      rest >>>= 5;
    }
    return new String(text);
  }

  static OptionalInt decode(String text) {
    if (text.length() != LENGTH) {
      return OptionalInt.empty();
    }
    int value = 0;
    for (int i = 0; i < LENGTH; i++) {
      int digit = ALPHABET.indexOf(text.charAt(i));
      if (digit < 0) {
        return OptionalInt.empty();
      }
      value = value << 5 | digit;
    }
    return OptionalInt.of(value);
  }

  private static void updateLong(CRC32C crc, long value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      crc.update((int) (value >>> shift) & 0xff);
    }
  }

  private static void updateText(CRC32C crc, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    crc.update(bytes, 0, bytes.length);
    // no column can hold a NUL, so it separates them without ambiguity
    crc.update(0);
  }
}
