package dev.gapless.log;

/** The tables in schema {@code gapless} are not what this release needs. */
public final class SchemaMigrationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SchemaMigrationException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }
}
