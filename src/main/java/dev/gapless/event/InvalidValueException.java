package dev.gapless.event;

/**
 * A value from outside breaks a rule of the wire. The message is safe to show to the caller: it
 * names the field and the rule, never the value.
 */
public final class InvalidValueException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String field;
  private final String message;
  private final boolean tooLarge;

  private InvalidValueException(String field, String message, boolean tooLarge) {
    super(message);
    this.field = field;
    this.message = message;
    this.tooLarge = tooLarge;
  }

  public static InvalidValueException of(String field, String rule) {
    return new InvalidValueException(field, field + ": " + rule, false);
  }

  /** As {@link #of}, for a value that is well formed but above a size limit. */
  public static InvalidValueException tooLarge(String field, String rule) {
    return new InvalidValueException(field, field + ": " + rule, true);
  }

  /** Never null, and safe to show. */
  @Override
  public String getMessage() {
    return message;
  }

  /** The name of the field or parameter at fault, as the caller spelled it. */
  public String field() {
    return field;
  }

  /** Whether the value is at fault only for its size. */
  public boolean isTooLarge() {
    return tooLarge;
  }
}
