package dev.gapless.http;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/**
 * {@code POST} and {@code DELETE /v1/session}: puts a bearer token into a cookie that scripts
 * cannot read and no other site can send, for {@code EventSource}, which cannot send headers.
 */
final class Sessions {
  private static final String ATTRIBUTES = "; Path=/; HttpOnly; SameSite=Strict";

  private final AccessGuard guard;

  Sessions(AccessGuard guard) {
    this.guard = guard;
  }

  CompletionStage<HttpResponse> begin(HttpRequest request, RequestTarget target) {
    Optional<Credential> shown = Credential.of(request);
    return guard
        .requireKnown(request)
        .thenApply(
            known ->
                shown
                    .map(credential -> withCookie(request, credential.token() + ATTRIBUTES))
                    // open mode needs no cookie
                    .orElseGet(() -> HttpResponse.create().withStatus(204)));
  }

  CompletionStage<HttpResponse> end(HttpRequest request, RequestTarget target) {
    guard.requireAllowedOrigin(request);
    return CompletableFuture.completedFuture(withCookie(request, ATTRIBUTES + "; Max-Age=0"));
  }

  private static HttpResponse withCookie(HttpRequest request, String value) {
    String host = request.getUri().host().address();
    String secure = OpenModeRules.isLoopbackName(host) ? "" : "; Secure";
    return HttpResponse.create()
        .withStatus(204)
        .addHeader(RawHeader.create("Set-Cookie", Credential.COOKIE + "=" + value + secure))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }
}
