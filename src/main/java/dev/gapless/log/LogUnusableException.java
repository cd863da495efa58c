package dev.gapless.log;

/** The database cannot keep the promises of the log; the message says why and what to do. */
public final class LogUnusableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** What is wrong. */
  public enum Reason {
    TOO_OLD,
    NOT_PRIMARY,
    ENCODING,
    FSYNC_OFF,
    ISOLATION,
    NO_TABLE,
    SEQUENCE,
    NOT_PERMANENT,
    SUBSCRIPTION,
    ROW_SECURITY,
    RIGHTS
  }

  LogUnusableException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
