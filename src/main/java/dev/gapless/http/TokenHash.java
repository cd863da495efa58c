package dev.gapless.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** The SHA-256 of a bearer token: all that is ever configured or stored. Immutable. */
public final class TokenHash {
  private static final int BYTES = 32;

  private final byte[] bytes;

  private TokenHash(byte[] bytes) {
    this.bytes = bytes;
  }

  public static TokenHash ofToken(String token) {
    try {
      return new TokenHash(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException everyPlatformHasIt) {
      throw new IllegalStateException(everyPlatformHasIt);
    }
  }

  /** Reads 64 hexadecimal digits; empty for anything else. */
  public static Optional<TokenHash> parse(String hex) {
    if (hex.length() != 2 * BYTES) {
      return Optional.empty();
    }
    try {
      return Optional.of(new TokenHash(HexFormat.of().parseHex(hex)));
    } catch (IllegalArgumentException notHex) {
      return Optional.empty();
    }
  }

  /** 64 lower-case hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Compares in constant time. */
  @Override
  public boolean equals(Object other) {
    return other instanceof TokenHash hash && MessageDigest.isEqual(bytes, hash.bytes);
  }

  @Override
  public int hashCode() {
    return (bytes[0] & 0xff) << 24
        | (bytes[1] & 0xff) << 16
        | (bytes[2] & 0xff) << 8
        | bytes[3] & 0xff;
  }

  /** Hides the value. */
  @Override
  public String toString() {
    return "TokenHash";
  }
}
