package dev.gapless.http;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The authorizers that come with Gapless. */
public final class Authorizers {
  private Authorizers() {}

  /** Allows everything. {@link AccessGuard} keeps web pages and proxies away from it. */
  public static Authorizer open() {
    return (credential, access) ->
        CompletableFuture.completedFuture(new Authorizer.Decision.Allowed(false, Optional.empty()));
  }

  /** Static bearer tokens with scopes, and public prefixes that anyone may read. */
  public static Authorizer tokens(AuthSettings auth, HttpSettings http) {
    return new TokenAuthorizer(auth.tokens(), http.publicPaths());
  }
}
