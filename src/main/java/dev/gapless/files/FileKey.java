package dev.gapless.files;

import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;

/**
 * The name of a file: its owner and its path, normalised, which never ends in a slash. Immutable
 * and thread-safe.
 */
public record FileKey(String owner, String path) {

  /**
   * @throws InvalidValueException naming {@code owner} or {@code path}
   */
  public FileKey {
    Owners.require("owner", owner);
    path = Paths.normalize("path", path);
    if (path.endsWith("/")) {
      throw InvalidValueException.of("path", "the path of a file does not end in /");
    }
  }
}
