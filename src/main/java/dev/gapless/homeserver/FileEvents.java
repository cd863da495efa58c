package dev.gapless.homeserver;

import java.util.Set;

/** The events this API shows: those of the file store. */
final class FileEvents {
  static final String PUT = "PUT";
  static final String DEL = "DEL";
  static final Set<String> TYPES = Set.of(PUT, DEL);

  private FileEvents() {}
}
