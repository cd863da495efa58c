package dev.gapless.homeserver;

import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Who is a user here: an owner is registered by its first write of a file. Implementations are
 * thread-safe and do not block the caller.
 */
@FunctionalInterface
public interface UserDirectory {
  /** Those of the given owners that are registered; fails if the database does. */
  CompletionStage<Set<String>> known(Set<String> owners);
}
