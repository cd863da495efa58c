package dev.gapless.http;

import java.time.Instant;
import java.util.Optional;

/**
 * What {@link AccessGuard} granted. Immutable.
 *
 * @param dependsOn the token whose revocation ends it; empty if anyone may
 * @param expires when it ends by itself
 */
public record Grant(Optional<TokenHash> dependsOn, Optional<Instant> expires) {
  /** Whether only a credential gave it. */
  public boolean isPrivate() {
    return dependsOn.isPresent();
  }
}
