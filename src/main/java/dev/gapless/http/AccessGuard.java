package dev.gapless.http;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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

  /**
   * Fails with 401 unless the request shows a credential that is known, whatever it may do.
   * Everyone is known in {@code open} mode.
   */
  CompletionStage<Boolean> requireKnown(HttpRequest request) {
    return admit(request, new Access.Operate())
        .handle(
            (grant, failure) -> {
              if (failure != null && Problems.of(failure).status() != 403) {
                throw new CompletionException(Problems.unwrap(failure));
              }
              return true;
            });
  }

  /**
   * @throws ProblemException 403 if the rules of {@code open} mode refuse the request
   */
  void requireAllowedOrigin(HttpRequest request) {
    openMode.check(request, HostRule.LOOPBACK);
  }

  /**
   * For answers that took their time: fails if what was granted has ended meanwhile.
   *
   * @throws ProblemException 401 if the credential was revoked or has expired, 503 if this node
   *     cannot tell
   */
  public void requireStill(Grant grant) {
    boolean revoked =
        grant.dependsOn().isPresent() && revocations.isRevoked(grant.dependsOn().get());
    boolean expired = grant.expires().isPresent() && !Instant.now().isBefore(grant.expires().get());
    if (revoked || expired) {
      throw Problem.of(401, "the credential has ended").asException();
    }
    if (grant.isPrivate()) {
      requireFresh();
    }
  }

  private void requireFresh() {
    if (revocations.isStale()) {
      throw Problem.of(503, "this node cannot read the revocations at the moment").asException();
    }
  }

  private Grant grant(Optional<Credential> credential, Authorizer.Decision decision) {
    if (decision instanceof Authorizer.Decision.Allowed allowed) {
      if (!allowed.byCredential()) {
        return new Grant(Optional.empty(), allowed.expires());
      }
      requireFresh();
      return new Grant(credential.map(Credential::hash), allowed.expires());
    }
    if (decision instanceof Authorizer.Decision.Forbidden) {
      throw Problem.of(403, "the credential does not allow this").asException();
    }
    throw Problem.of(401, "a valid credential is needed").asException();
  }
}
