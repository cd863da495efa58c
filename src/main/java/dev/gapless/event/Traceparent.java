package dev.gapless.event;

/**
 * Rules of a trace context in the text form of W3C Trace Context, version 00: {@code 00-<trace
 * id>-<parent id>-<flags>} in lower-case hex, 55 characters, neither id all zero
 * (https://www.w3.org/TR/trace-context/#traceparent-header). Pure.
 */
public final class Traceparent {
  public static final int LENGTH = 55;

  private static final String VERSION = "00-";
  private static final int TRACE_ID = 3;
  private static final int PARENT_ID = 36;
  private static final int FLAGS = 53;

  private Traceparent() {}

  public static boolean isValid(String text) {
    return text.length() == LENGTH
        && text.startsWith(VERSION)
        && isId(text, TRACE_ID, PARENT_ID - 1)
        && text.charAt(PARENT_ID - 1) == '-'
        && isId(text, PARENT_ID, FLAGS - 1)
        && text.charAt(FLAGS - 1) == '-'
        && isHex(text.charAt(FLAGS))
        && isHex(text.charAt(FLAGS + 1));
  }

  /**
   * @throws InvalidValueException naming {@code field}
   */
  public static String require(String field, String text) {
    if (!isValid(text)) {
      throw InvalidValueException.of(
          field, "a W3C traceparent of version 00 in lower case is expected");
    }
    return text;
  }

  private static boolean isId(String text, int from, int to) {
    boolean zero = true;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (!isHex(c)) {
        return false;
      }
      zero &= c == '0';
    }
    return !zero;
  }

  private static boolean isHex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }
}
