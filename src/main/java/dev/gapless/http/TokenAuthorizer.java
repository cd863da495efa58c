package dev.gapless.http;

import dev.gapless.event.Paths;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Static tokens: every part of a request is covered by a public prefix or by a scope. */
final class TokenAuthorizer implements Authorizer {
  private final List<AuthSettings.Token> tokens;
  private final List<String> publicPaths;

  TokenAuthorizer(List<AuthSettings.Token> tokens, List<String> publicPaths) {
    this.tokens = tokens;
    this.publicPaths = publicPaths;
  }

  @Override
  public CompletionStage<Decision> decide(Optional<Credential> credential, Access access) {
    return CompletableFuture.completedFuture(decideNow(credential, access, Instant.now()));
  }

  Decision decideNow(Optional<Credential> credential, Access access, Instant now) {
    if (access instanceof Access.Read read && isPublic(read)) {
      return new Decision.Allowed(false, Optional.empty());
    }
    Optional<AuthSettings.Token> token = credential.flatMap(shown -> find(shown.hash()));
    if (token.isEmpty() || token.get().isExpired(now)) {
      return new Decision.Unauthenticated();
    }
    return isGranted(token.get(), access)
        ? new Decision.Allowed(true, token.get().expires())
        : new Decision.Forbidden();
  }

  // no early end: the time taken does not tell which token came near
  private Optional<AuthSettings.Token> find(TokenHash shown) {
    List<AuthSettings.Token> found = new ArrayList<>(1);
    for (AuthSettings.Token token : tokens) {
      if (token.hash().equals(shown)) {
        found.add(token);
      }
    }
    return found.stream().findFirst();
  }

  private boolean isPublic(Access.Read read) {
    return read.pathsOrRoot().stream().allMatch(this::isPublic);
  }

  private boolean isPublic(String path) {
    return publicPaths.stream().anyMatch(prefix -> Paths.covers(prefix, path));
  }

  private boolean isGranted(AuthSettings.Token token, Access access) {
    if (access instanceof Access.Read read) {
      return read.pathsOrRoot().stream()
          .allMatch(path -> isPublic(path) || mayRead(token, read.owners(), path));
    }
    if (access instanceof Access.Write write) {
      return token.scopes().stream().anyMatch(AuthSettings.Scope::write)
          && write.places().stream()
              .allMatch(
                  place ->
                      token.scopes().stream()
                          .anyMatch(
                              scope -> scope.write() && scope.covers(place.owner(), place.path())));
    }
    return token.operate();
  }

  private static boolean mayRead(AuthSettings.Token token, Set<String> owners, String path) {
    if (owners.isEmpty()) {
      return token.scopes().stream()
          .anyMatch(
              scope -> scope.read() && scope.isForAllOwners() && Paths.covers(scope.path(), path));
    }
    return owners.stream()
        .allMatch(
            owner ->
                token.scopes().stream()
                    .anyMatch(scope -> scope.read() && scope.covers(owner, path)));
  }
}
