package dev.gapless.files;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stretch of a file's contents. Immutable and thread-safe.
 *
 * @param first offset of the first byte
 * @param last offset of the last byte, which belongs to it
 */
public record ByteRange(long first, long last) {
  /** Both ends at once cannot be missing; more digits than a long has are no range either. */
  private static final Pattern SINGLE =
      Pattern.compile("bytes=[ \t]*(\\d{0,18})-(\\d{0,18})[ \t]*");

  public ByteRange {
    if (first < 0 || last < first) {
      throw new IllegalArgumentException("not a range");
    }
  }

  /** What a {@code Range} header asks of a file. */
  public sealed interface Request {
    /** Everything: there is no header, or one that may be ignored (RFC 9110, 14.2). */
    record Whole() implements Request {}

    record Part(ByteRange range) implements Request {}

    /** Nothing of the file lies in the range. */
    record Unsatisfiable() implements Request {}
  }

  /**
   * Decides what to serve. Several ranges, another unit and whatever else is not a single range of
   * bytes are answered with everything.
   *
   * @param size of the file in bytes
   */
  public static Request resolve(Optional<String> header, long size) {
    Matcher match = SINGLE.matcher(header.orElse(""));
    if (!match.matches() || (match.group(1).isEmpty() && match.group(2).isEmpty())) {
      return new Request.Whole();
    }
    if (match.group(1).isEmpty()) {
      return suffix(Long.parseLong(match.group(2)), size);
    }
    long first = Long.parseLong(match.group(1));
    long last = match.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(match.group(2));
    if (last < first) {
      return new Request.Whole();
    }
    if (first >= size) {
      return new Request.Unsatisfiable();
    }
    return new Request.Part(new ByteRange(first, Math.min(last, size - 1)));
  }

  public long length() {
    return last - first + 1;
  }

  private static Request suffix(long length, long size) {
    if (length == 0) {
      return new Request.Unsatisfiable();
    }
    if (size == 0) {
      return new Request.Whole();
    }
    return new Request.Part(new ByteRange(Math.max(0, size - length), size - 1));
  }
}
