package dev.gapless.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.SQLException;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.ClassicActorSystemProvider;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * {@code POST /v1/revocations} with {@code {"sha256":"…"}}: no node accepts the token of this hash
 * any more, and every stream that depends on it ends.
 */
final class RevocationsEndpoint {
  private static final long MAX_BODY = 4096;

  private final HttpServices services;
  private final ClassicActorSystemProvider system;

  RevocationsEndpoint(HttpServices services, ClassicActorSystemProvider system) {
    this.services = services;
    this.system = system;
  }

  CompletionStage<HttpResponse> revoke(HttpRequest request, RequestTarget target) {
    return services
        .guard()
        .admit(request, new Access.Operate())
        .thenCompose(
            grant -> {
              RequestBodies.requireJson(request);
              return RequestBodies.read(
                  request, MAX_BODY, services.settings().bodyTimeout(), system);
            })
        .thenApply(RevocationsEndpoint::hash)
        .thenApplyAsync(this::record, services.revoking());
  }

  private HttpResponse record(TokenHash hash) {
    try {
      services.revocations().record(hash);
    } catch (SQLException failure) {
      throw new CompletionException(failure);
    }
    services.checkStreams();
    return HttpResponse.create().withStatus(204);
  }

  private static TokenHash hash(byte[] body) {
    JsonNode document = Json.parse(body);
    return TokenHash.parse(document.path("sha256").asText("").toLowerCase(Locale.ROOT))
        .orElseThrow(
            () ->
                Problem.badRequest("sha256", "sha256: the SHA-256 of the token, 64 hex digits")
                    .asException());
  }
}
