package dev.gapless.files;

import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import java.util.Optional;

/**
 * What to list. Immutable and thread-safe.
 *
 * @param folder ends in a slash
 * @param limit at least 1
 * @param after absolute path, exclusive in both directions; it need not exist
 * @param reverse descending
 * @param shallow only what is directly in the folder, folders included; otherwise all files below
 */
public record ListingRequest(
    String owner,
    String folder,
    int limit,
    Optional<String> after,
    boolean reverse,
    boolean shallow) {
  public static final int DEFAULT_LIMIT = 100;
  public static final int MAX_LIMIT = 1000;

  /** Sorts after the slash by one: the end of the range of all paths below a folder. */
  private static final char AFTER_SLASH = '0';

  /** The lowest character; paths hold none of it. */
  private static final char LOWEST = '\u0001';

  /**
   * @throws InvalidValueException naming the component that breaks its rule; paths are normalised
   */
  public ListingRequest {
    Owners.require("owner", owner);
    folder = Paths.normalize("path", folder);
    if (!folder.endsWith("/")) {
      throw InvalidValueException.of("path", "the path of a folder ends in /");
    }
    if (limit < 1 || limit > MAX_LIMIT) {
      throw InvalidValueException.of("limit", "from 1 to " + MAX_LIMIT);
    }
    after = after.map(path -> Paths.normalize("after", path));
  }

  public static ListingRequest of(String owner, String folder) {
    return new ListingRequest(owner, folder, DEFAULT_LIMIT, Optional.empty(), false, false);
  }

  /** All paths of the folder are below this. */
  String end() {
    return endOf(folder);
  }

  /**
   * Where the page begins: ascending the lowest path it may hold, descending the lowest it may not.
   */
  String start() {
    if (after.isEmpty()) {
      return reverse ? end() : folder;
    }
    String last = shallow ? entryOf(after.get()) : after.get();
    if (reverse) {
      return last;
    }
    return shallow && last.endsWith("/") ? endOf(last) : last + LOWEST;
  }

  /** The entry of a shallow listing that stands for the path. */
  private String entryOf(String path) {
    int slash = path.startsWith(folder) ? path.indexOf('/', folder.length()) : -1;
    return slash < 0 ? path : path.substring(0, slash + 1);
  }

  private static String endOf(String folder) {
    return folder.substring(0, folder.length() - 1) + AFTER_SLASH;
  }
}
