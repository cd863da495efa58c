package dev.gapless.http;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Decides who may do what. An embedding application may bring its own; {@link Authorizers} has the
 * two that come with Gapless. It is asked before anything is looked up, so its answers cannot tell
 * whether an owner, a path or an event exists.
 *
 * <p>Implementations are thread-safe and do not block: what they must wait for they return as a
 * stage. A stage that fails refuses the request (500, or 503 for a database).
 */
public interface Authorizer {

  /**
   * Decides one request. It is allowed only if every part of {@code access} is; a filter is never
   * narrowed to what would be allowed.
   *
   * @param credential what the request showed, if anything; a credential that is not known counts
   *     as one that may do nothing
   */
  CompletionStage<Decision> decide(Optional<Credential> credential, Access access);

  /** The answer. Immutable. */
  sealed interface Decision {
    /**
     * @param byCredential whether it depends on the credential: then a revocation ends what was
     *     granted
     * @param expires when the credential expires, if it does: a stream ends then
     */
    record Allowed(boolean byCredential, Optional<Instant> expires) implements Decision {}

    /** Not allowed, and there is no valid credential: 401. */
    record Unauthenticated() implements Decision {}

    /** Not allowed to this credential: 403. */
    record Forbidden() implements Decision {}
  }
}
