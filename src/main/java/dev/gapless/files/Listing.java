package dev.gapless.files;

import java.time.Instant;
import java.util.List;

/**
 * One page of a folder. Immutable and thread-safe.
 *
 * @param entries in the order of the request; paths compare byte for byte
 * @param more whether there are entries after the last one
 */
public record Listing(List<Entry> entries, boolean more) {
  public Listing {
    entries = List.copyOf(entries);
  }

  /** What a folder holds. */
  public sealed interface Entry {
    /** Absolute; that of a folder ends in a slash. Usable as {@link ListingRequest#after}. */
    String path();

    /** See {@link StoredFile}. */
    record File(String path, long size, String contentHash, String contentType, Instant modifiedAt)
        implements Entry {}

    /** Only in shallow listings. */
    record Folder(String path) implements Entry {}
  }
}
