package dev.gapless.files;

import dev.gapless.event.InvalidValueException;
import java.util.OptionalLong;

/**
 * A file to be stored. Immutable and thread-safe.
 *
 * @param contentType at most 255 characters of printable ASCII
 * @param contentLength if the client announced it
 */
public record PutRequest(
    FileKey key, String contentType, Conditions conditions, OptionalLong contentLength) {
  private static final int MAX_CONTENT_TYPE = 255;

  /**
   * @throws InvalidValueException naming {@code Content-Type}
   */
  public PutRequest {
    if (contentType.isEmpty()
        || contentType.length() > MAX_CONTENT_TYPE
        || !contentType.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw InvalidValueException.of(
          "Content-Type", "1 to " + MAX_CONTENT_TYPE + " characters of printable ASCII");
    }
  }

  public static PutRequest of(FileKey key, String contentType) {
    return new PutRequest(key, contentType, Conditions.NONE, OptionalLong.empty());
  }
}
