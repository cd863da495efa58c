package dev.gapless.http;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.pekko.util.ByteString;

/**
 * Text in the making, in UTF-8 from the start. A string builder would cost two more copies of each
 * event, and its garbage more than the copies. Not thread-safe.
 */
final class Utf8Text {
  private static final int MOST_DIGITS = 20;

  private byte[] bytes;
  private int size;

  Utf8Text(int expected) {
    bytes = new byte[expected];
  }

  Utf8Text append(String text) {
    int length = text.length();
    ensure(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        return append(text.substring(i).getBytes(StandardCharsets.UTF_8));
      }
      bytes[size++] = (byte) c;
    }
    return this;
  }

  /** As the inside of a JSON string. */
  Utf8Text appendEscaped(String text) {
    int length = text.length();
    ensure(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
        StringBuilder rest = new StringBuilder();
        JsonStringEncoder.getInstance().quoteAsString(text.substring(i), rest);
        return append(rest.toString());
      }
      bytes[size++] = (byte) c;
    }
    return this;
  }

  Utf8Text append(char ascii) {
    ensure(1);
    bytes[size++] = (byte) ascii;
    return this;
  }

  /** A number that is not negative. */
  Utf8Text append(long number) {
    int digits = 1;
    for (long rest = number / 10; rest > 0; rest /= 10) {
      digits++;
    }
    return appendDigits(number, digits);
  }

  /** The last so many digits of a number that is not negative. */
  Utf8Text appendDigits(long number, int digits) {
    ensure(MOST_DIGITS);
    long rest = number;
    for (int i = size + digits - 1; i >= size; i--) {
      bytes[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    size += digits;
    return this;
  }

  ByteString toByteString() {
    return ByteString.fromArrayUnsafe(size == bytes.length ? bytes : Arrays.copyOf(bytes, size));
  }

  @Override
  public String toString() {
    return new String(bytes, 0, size, StandardCharsets.UTF_8);
  }

  private Utf8Text append(byte[] more) {
    ensure(more.length);
    System.arraycopy(more, 0, bytes, size, more.length);
    size += more.length;
    return this;
  }

  private void ensure(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
    }
  }
}
