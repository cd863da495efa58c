package dev.gapless.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.gapless.event.InvalidValueException;
import java.io.IOException;
import java.math.BigDecimal;

/**
 * Copies one JSON value, numbers digit by digit, and refuses what {@code jsonb} cannot hold. {@code
 * jsonb} writes numbers out ({@code 1e999} as a thousand digits), so their plain length counts too.
 */
final class DataCopy {
  static final int MAX_DEPTH = 100;
  private static final String FIELD = "data";
  private static final int MAX_DIGITS = 1_000;

  private final JsonParser parser;
  private final JsonGenerator out;
  private final int maxBytes;
  private long plainDigits;

  DataCopy(JsonParser parser, JsonGenerator out, int maxBytes) {
    this.parser = parser;
    this.out = out;
    this.maxBytes = maxBytes;
  }

  void copy() throws IOException {
    int depth = 0;
    do {
      JsonToken token = parser.currentToken();
      if (token == null) {
        throw new IOException("the value ends early");
      }
      switch (token) {
        case START_OBJECT -> {
          depth = deeper(depth);
          out.writeStartObject();
        }
        case START_ARRAY -> {
          depth = deeper(depth);
          out.writeStartArray();
        }
        case END_OBJECT -> {
          depth--;
          out.writeEndObject();
        }
        case END_ARRAY -> {
          depth--;
          out.writeEndArray();
        }
        case FIELD_NAME -> out.writeFieldName(requireText(parser.currentName()));
        case VALUE_STRING -> out.writeString(requireText(parser.getText()));
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getText());
        case VALUE_TRUE -> out.writeBoolean(true);
        case VALUE_FALSE -> out.writeBoolean(false);
        case VALUE_NULL -> out.writeNull();
        default -> throw new IOException("not JSON");
      }
      if (depth > 0) {
        parser.nextToken();
      }
    } while (depth > 0);
  }

  private static int deeper(int depth) {
    if (depth == MAX_DEPTH) {
      throw InvalidValueException.of(FIELD, "nested more than " + MAX_DEPTH + " deep");
    }
    return depth + 1;
  }

  private static String requireText(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw InvalidValueException.of(FIELD, "\\u0000 cannot be stored");
      }
      if (Character.isSurrogate(c)) {
        if (!Character.isHighSurrogate(c)
            || i + 1 == text.length()
            || !Character.isLowSurrogate(text.charAt(i + 1))) {
          throw InvalidValueException.of(FIELD, "a lone surrogate cannot be stored");
        }
        i++;
      }
    }
    return text;
  }

  private void number(String text) throws IOException {
    long digits = text.length() > MAX_DIGITS ? Long.MAX_VALUE : plainLength(text);
    if (digits > MAX_DIGITS) {
      throw InvalidValueException.of(FIELD, "a number out of range");
    }
    plainDigits += digits;
    if (plainDigits > maxBytes) {
      throw InvalidValueException.tooLarge(FIELD, "its numbers written out are too large");
    }
    out.writeNumber(text);
  }

  private static long plainLength(String text) {
    try {
      BigDecimal number = new BigDecimal(text);
      long whole = (long) number.precision() - number.scale();
      return Math.max(whole, 1) + Math.max(number.scale(), 0);
    } catch (NumberFormatException | ArithmeticException exponentTooLarge) {
      return Long.MAX_VALUE;
    }
  }
}
