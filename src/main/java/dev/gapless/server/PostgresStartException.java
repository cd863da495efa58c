package dev.gapless.server;

/** The embedded PostgreSQL cannot be used as asked. The message is meant for the operator. */
public final class PostgresStartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PostgresStartException(String message) {
    super(message);
  }

  PostgresStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
