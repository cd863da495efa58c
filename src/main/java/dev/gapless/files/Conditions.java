package dev.gapless.files;

import java.time.Instant;
import java.util.Optional;

/**
 * The conditions of a request, evaluated in the order of RFC 9110, 13.2.2. Pure, immutable and
 * thread-safe.
 *
 * @param ifModifiedSince in whole seconds; only reads regard it
 * @param ifUnmodifiedSince in whole seconds
 */
public record Conditions(
    Optional<EntityTags> ifMatch,
    Optional<EntityTags> ifNoneMatch,
    Optional<Instant> ifModifiedSince,
    Optional<Instant> ifUnmodifiedSince) {

  public static final Conditions NONE =
      new Conditions(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  public static Conditions ifMatch(EntityTags tags) {
    return new Conditions(Optional.of(tags), Optional.empty(), Optional.empty(), Optional.empty());
  }

  public static Conditions ifNoneMatch(EntityTags tags) {
    return new Conditions(Optional.empty(), Optional.of(tags), Optional.empty(), Optional.empty());
  }

  /** What the conditions make of a read. */
  public enum Read {
    PROCEED,
    NOT_MODIFIED,
    FAILED
  }

  /** Whether a write may go ahead; {@code current} is the file it would replace or remove. */
  public boolean allowWrite(Optional<StoredFile> current) {
    return preconditionsHold(current)
        && ifNoneMatch.map(tags -> current.filter(tags::matchesWeakly).isEmpty()).orElse(true);
  }

  public Read forRead(StoredFile file) {
    if (!preconditionsHold(Optional.of(file))) {
      return Read.FAILED;
    }
    boolean unchanged =
        ifNoneMatch
            .map(tags -> tags.matchesWeakly(file))
            .orElseGet(
                () ->
                    ifModifiedSince
                        .map(since -> !file.lastModified().isAfter(since))
                        .orElse(false));
    return unchanged ? Read.NOT_MODIFIED : Read.PROCEED;
  }

  private boolean preconditionsHold(Optional<StoredFile> current) {
    if (ifMatch.isPresent()) {
      return current.filter(ifMatch.get()::matchesStrongly).isPresent();
    }
    return ifUnmodifiedSince
        .map(since -> current.map(file -> !file.lastModified().isAfter(since)).orElse(true))
        .orElse(true);
  }
}
