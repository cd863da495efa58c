package dev.gapless.files;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A file as it was at one moment: what it is called, and which immutable version it had then.
 * Immutable and thread-safe.
 *
 * @param size in bytes
 * @param contentHash padded standard base64 of the 32-byte BLAKE3 hash of the contents
 * @param contentType as the writer gave it
 * @param modifiedAt the database's clock when this version became the file's
 * @param version names the contents; opaque
 * @param chunkBytes size of all chunks of this version but the last
 */
public record StoredFile(
    FileKey key,
    long size,
    String contentHash,
    String contentType,
    Instant modifiedAt,
    long version,
    int chunkBytes) {

  /** The strong entity tag, with its quotes. */
  public String etag() {
    return '"' + contentHash + '"';
  }

  /** In whole seconds, as HTTP dates are. */
  public Instant lastModified() {
    return modifiedAt.truncatedTo(ChronoUnit.SECONDS);
  }
}
