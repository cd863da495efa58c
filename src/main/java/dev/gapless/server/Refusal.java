package dev.gapless.server;

/**
 * The server does not start as it was asked to. The message is for the operator, without a stack.
 */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Refusal(String message) {
    super(message);
  }

  Refusal(String message, Throwable cause) {
    super(message, cause);
  }
}
