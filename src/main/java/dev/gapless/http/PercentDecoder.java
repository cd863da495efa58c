package dev.gapless.http;

import dev.gapless.event.InvalidValueException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Percent-decoding, once and strictly. Pure. */
final class PercentDecoder {
  private PercentDecoder() {}

  /**
   * @throws InvalidValueException naming {@code field} for a broken escape or what is not UTF-8
   */
  static String decode(String field, String raw, boolean plusIsSpace) {
    boolean plain = true;
    for (int i = 0; i < raw.length() && plain; i++) {
      char c = raw.charAt(i);
      plain = c != '%' && c < 0x80 && (c != '+' || !plusIsSpace);
    }
    if (plain) {
      return raw;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        int high = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 1), 16) : -1;
        int low = high >= 0 ? Character.digit(raw.charAt(i + 2), 16) : -1;
        if (low < 0) {
          throw InvalidValueException.of(field, "a percent sign is followed by two hex digits");
        }
        bytes.write(high << 4 | low);
        i += 2;
      } else if (c == '+' && plusIsSpace) {
        bytes.write(' ');
      } else if (c < 0x80) {
        bytes.write(c);
      } else if (c <= 0xff) {
        // the parser hands bytes above ASCII on as they came
        bytes.write(c);
      } else {
        throw InvalidValueException.of(field, "not valid UTF-8");
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException notUtf8) {
      throw InvalidValueException.of(field, "not valid UTF-8");
    }
  }
}
