package dev.gapless.files;

/**
 * A body that has arrived whole and lies in the database, not linked yet.
 *
 * @param contentHash padded standard base64 of its BLAKE3 hash
 */
record Staged(long version, long size, String contentHash, int chunkBytes) {}
