package dev.gapless.files;

import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Traceparent;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A file to be stored. Immutable and thread-safe.
 *
 * @param contentType at most 255 characters of printable ASCII
 * @param contentLength if the client announced it
 * @param traceparent the trace context of its event, see {@link Traceparent}
 */
public record PutRequest(
    FileKey key,
    String contentType,
    Conditions conditions,
    OptionalLong contentLength,
    Optional<String> traceparent) {
  private static final int MAX_CONTENT_TYPE = 255;

  /**
   * @throws InvalidValueException naming {@code Content-Type} or {@code traceparent}
   */
  public PutRequest {
    if (contentType.isEmpty()
        || contentType.length() > MAX_CONTENT_TYPE
        || !contentType.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw InvalidValueException.of(
          "Content-Type", "1 to " + MAX_CONTENT_TYPE + " characters of printable ASCII");
    }
    traceparent.ifPresent(text -> Traceparent.require("traceparent", text));
  }

  /** Without a trace context. */
  public PutRequest(
      FileKey key, String contentType, Conditions conditions, OptionalLong contentLength) {
    this(key, contentType, conditions, contentLength, Optional.empty());
  }

  public static PutRequest of(FileKey key, String contentType) {
    return new PutRequest(key, contentType, Conditions.NONE, OptionalLong.empty());
  }
}
