package dev.gapless.http;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/**
 * The one gate in front of every handler: the rules of {@code open} mode, the credential, its
 * revocation, and the {@link Authorizer}, in this order and before anything is looked up.
 * Thread-safe.
 */
public final class AccessGuard {
  private final Authorizer authorizer;
  private final OpenModeRules openMode;
  private final RevocationView revocations;

  private AccessGuard(Authorizer authorizer, OpenModeRules openMode, RevocationView revocations) {
    this.authorizer = authorizer;
    this.openMode = openMode;
    this.revocations = revocations;
  }

  /** The guard that the settings ask for. */
  public static AccessGuard create(
      AuthSettings auth, HttpSettings http, RevocationView revocations) {
    return auth.isOpen()
        ? new AccessGuard(Authorizers.open(), OpenModeRules.on(http.corsOrigins()), revocations)
        : create(Authorizers.tokens(auth, http), revocations);
  }

  /** A guard around an application's own authorizer, without the rules of {@code open} mode. */
  public static AccessGuard create(Authorizer authorizer, RevocationView revocations) {
    return new AccessGuard(authorizer, OpenModeRules.off(), revocations);
  }

  /** Which hosts a request may name in {@code open} mode. */
  public enum HostRule {
    LOOPBACK,
    /** Also a user's key, by which the homeserver API names the user. */
    LOOPBACK_OR_USER_KEY
  }

  /**
   * Admits a request or fails with a {@link ProblemException}: 401 without a valid credential, 403
   * with one (or by the rules of {@code open} mode), 503 if this node cannot tell whether the
   * credential was revoked.
   */
  public CompletionStage<Grant> admit(HttpRequest request, Access access) {
    return admit(request, access, HostRule.LOOPBACK);
  }

  public CompletionStage<Grant> admit(HttpRequest request, Access access, HostRule hosts) {
    Optional<Credential> credential;
    try {
      openMode.check(request, hosts);
      credential = Credential.of(request);
    } catch (ProblemException refused) {
      return CompletableFuture.failedFuture(refused);
    }
    Optional<Credential> valid = credential.filter(shown -> !revocations.isRevoked(shown.hash()));
    return authorizer.decide(valid, access).thenApply(decision -> grant(valid, decision));
  }

  private Grant grant(Optional<Credential> credential, Authorizer.Decision decision) {
    if (decision instanceof Authorizer.Decision.Allowed allowed) {
      if (!allowed.byCredential()) {
        return new Grant(Optional.empty(), allowed.expires());
      }
      if (revocations.isStale()) {
        throw Problem.of(503, "this node cannot read the revocations at the moment").asException();
      }
      return new Grant(credential.map(Credential::hash), allowed.expires());
    }
    if (decision instanceof Authorizer.Decision.Forbidden) {
      throw Problem.of(403, "the credential does not allow this").asException();
    }
    throw Problem.of(401, "a valid credential is needed").asException();
  }
}
