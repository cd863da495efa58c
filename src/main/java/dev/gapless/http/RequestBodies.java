package dev.gapless.http;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.ClassicActorSystemProvider;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.RequestEntity;

/** Reads the bodies of requests whole, within a size and a time. */
final class RequestBodies {
  private RequestBodies() {}

  /**
   * @throws ProblemException 415 unless the body is declared as JSON in UTF-8
   */
  static void requireJson(HttpRequest request) {
    ContentType declared = request.entity().getContentType();
    boolean json = declared.mediaType().equals(MediaTypes.APPLICATION_JSON);
    if (!json) {
      throw Problem.of(415, "Content-Type: application/json is expected")
          .with("field", "Content-Type")
          .asException();
    }
  }

  /** Fails with a {@link ProblemException}: 413 above the size, 408 after the time. */
  static CompletionStage<byte[]> read(
      HttpRequest request, long maxBytes, Duration within, ClassicActorSystemProvider system) {
    RequestEntity entity = request.entity();
    if (entity.getContentLengthOption().orElse(0) > maxBytes) {
      throw tooLarge(maxBytes);
    }
    return entity
        .withSizeLimit(maxBytes)
        .toStrict(within.toMillis(), maxBytes, system)
        .handle(
            (strict, failure) -> {
              if (failure == null) {
                return strict.getData().toArray();
              }
              Throwable cause = Problems.unwrap(failure);
              if (cause instanceof TimeoutException) {
                throw Problem.of(408, "the body took longer than " + within.toMillis() + " ms")
                    .asException();
              }
              if (Problems.of(cause).status() == 413) {
                throw tooLarge(maxBytes);
              }
              throw new CompletionException(cause);
            });
  }

  private static ProblemException tooLarge(long maxBytes) {
    return Problem.of(413, "the body is larger than " + maxBytes + " bytes").asException();
  }
}
