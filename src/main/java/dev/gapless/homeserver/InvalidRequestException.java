package dev.gapless.homeserver;

/** A request that this API answers with 400 and the message as its body. */
final class InvalidRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  // an echo of what the caller sent helps to find it, a long one helps nobody
  private static final int MAX_ECHO = 256;

  InvalidRequestException(String message) {
    super(message, null, false, false);
  }

  static InvalidRequestException echoing(String message, String value) {
    String echo = value.length() <= MAX_ECHO ? value : value.substring(0, MAX_ECHO) + "…";
    return new InvalidRequestException(message + ": " + echo);
  }

  String body() {
    return String.valueOf(getMessage());
  }
}
