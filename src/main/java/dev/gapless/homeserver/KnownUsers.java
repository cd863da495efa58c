package dev.gapless.homeserver;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Remembers who is registered, so that many clients that come back at once are no load on the
 * database. Who is not registered may be so a moment later and is asked for each time. Thread-safe.
 */
final class KnownUsers implements UserDirectory {
  private static final int MOST = 100_000;

  // an owner that was erased is still answered with a stream for so long: one without events
  private static final Duration KEPT = Duration.ofMinutes(1);

  private final UserDirectory directory;
  private final Cache<String, Boolean> registered =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(KEPT).build();

  private KnownUsers(UserDirectory directory) {
    this.directory = directory;
  }

  static UserDirectory remembering(UserDirectory directory) {
    return new KnownUsers(directory);
  }

  @Override
  public CompletionStage<Set<String>> known(Set<String> owners) {
    Set<String> known = new HashSet<>();
    Set<String> unsure = new HashSet<>();
    for (String owner : owners) {
      (registered.getIfPresent(owner) == null ? unsure : known).add(owner);
    }
    if (unsure.isEmpty()) {
      return CompletableFuture.completedFuture(known);
    }
    return directory
        .known(unsure)
        .thenApply(
            found -> {
              found.forEach(owner -> registered.put(owner, true));
              known.addAll(found);
              return known;
            });
  }
}
