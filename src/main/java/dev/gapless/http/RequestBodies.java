package dev.gapless.http;

import dev.gapless.hub.PekkoStages;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.ClassicActorSystemProvider;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.RequestEntity;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/** Reads the bodies of requests whole, within a size and a time. */
final class RequestBodies {
  private static final long DISCARD_BYTES = 32L << 20;
  private static final Duration DISCARD_TIME = Duration.ofSeconds(5);

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
    return within(
            within,
            PekkoStages.onDispatcher(
                bytes(request.entity())
                    .completionTimeout(within)
                    .runWith(Sink.fold(new Received(maxBytes), Received::add), system),
                system))
        .thenApply(Received::bytes);
  }

  /**
   * Takes a body that nobody wants, within bounds. Fails as {@link #read} does, and if the body is
   * none.
   */
  static CompletionStage<Done> discard(HttpRequest request, Materializer materializer) {
    return within(
            DISCARD_TIME,
            PekkoStages.onDispatcher(
                bytes(request.entity())
                    .completionTimeout(DISCARD_TIME)
                    .runWith(Sink.fold(new Received(0), Received::add), materializer),
                materializer.system()))
        .thenApply(received -> Done.getInstance());
  }

  private static <T> CompletionStage<T> within(Duration time, CompletionStage<T> read) {
    return read.exceptionally(
        failure -> {
          Throwable cause = Problems.unwrap(failure);
          if (cause instanceof TimeoutException) {
            throw Problem.of(408, "the body took longer than " + time.toMillis() + " ms")
                .asException();
          }
          throw new CompletionException(cause);
        });
  }

  private static Source<ByteString, Object> bytes(RequestEntity entity) {
    return ((RequestEntity) entity.withoutSizeLimit()).getDataBytes();
  }

  private static ProblemException tooLarge(long maxBytes) {
    return Problem.of(413, "the body is larger than " + maxBytes + " bytes").asException();
  }

  /** Keeps what is within the limit, and goes on taking (not keeping) a while after it. */
  private static final class Received {
    private final long maxBytes;
    private ByteString kept = ByteString.emptyByteString();
    private long count;

    Received(long maxBytes) {
      this.maxBytes = maxBytes;
    }

    Received add(ByteString more) {
      count += more.size();
      if (count > maxBytes) {
        kept = ByteString.emptyByteString();
        if (count - maxBytes > DISCARD_BYTES) {
          throw tooLarge(maxBytes);
        }
      } else {
        kept = kept.concat(more);
      }
      return this;
    }

    byte[] bytes() {
      if (count > maxBytes) {
        throw tooLarge(maxBytes);
      }
      return kept.toArray();
    }
  }
}
