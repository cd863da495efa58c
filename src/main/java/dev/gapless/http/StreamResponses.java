package dev.gapless.http;

import dev.gapless.event.Cursor;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionControl;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * Answers with event streams: admission, the end of what a credential granted, and the headers that
 * keep proxies from buffering. {@code EventSource} gives up for good on any status but 200, so a
 * node without room or without its database answers 200, when to come back, and the end.
 * Thread-safe; all faces of a node share one.
 */
public final class StreamResponses {
  private final EventHub hub;
  private final StreamRegistry registry;

  StreamResponses(EventHub hub, StreamRegistry registry) {
    this.hub = hub;
    this.registry = registry;
  }

  /**
   * The answer for one stream. Everything about the stream is decided when it materializes.
   *
   * @param source the subscription; its materialized value ends it from outside
   * @param comeBack the cursor that a refused client is given, if there is one that loses nothing
   */
  public HttpResponse stream(
      Grant grant,
      SignalEncoder encoder,
      Supplier<Source<Signal, SubscriptionControl>> source,
      Supplier<Optional<Cursor>> comeBack) {
    return withBody(
        Source.fromMaterializer(
                (materializer, attributes) ->
                    admit(grant, encoder, source, comeBack, materializer.executionContext()))
            .mapMaterializedValue(unused -> NotUsed.getInstance()));
  }

  /** A stream that only says when to come back, for what fails where 503 would be the answer. */
  public HttpResponse unavailable(SignalEncoder encoder, Supplier<Optional<Cursor>> comeBack) {
    return withBody(refuse(encoder, CloseReason.ERROR, comeBack.get()));
  }

  /** The head of a stream, without one. */
  public HttpResponse headOnly() {
    return withBody(Source.<ByteString>empty());
  }

  private Source<ByteString, NotUsed> admit(
      Grant grant,
      SignalEncoder encoder,
      Supplier<Source<Signal, SubscriptionControl>> source,
      Supplier<Optional<Cursor>> comeBack,
      Executor executor) {
    if (registry.isDraining()) {
      return refuse(encoder, CloseReason.DRAIN, comeBack.get());
    }
    if (!hub.isReady()) {
      return refuse(encoder, CloseReason.ERROR, comeBack.get());
    }
    if (!registry.tryEnter()) {
      return refuse(encoder, CloseReason.OVERLOADED, comeBack.get());
    }
    AtomicBoolean left = new AtomicBoolean();
    Runnable leave =
        () -> {
          if (left.compareAndSet(false, true)) {
            registry.leave();
          }
        };
    try {
      return source
          .get()
          .mapConcat(new Encoding(encoder, comeBack)::encode)
          .watchTermination(
              (control, done) -> {
                Runnable forget = registry.watch(grant, control);
                // with an executor: a stage of Pekko's would go on in the JVM's common pool
                done.whenCompleteAsync(
                    (end, failure) -> {
                      forget.run();
                      leave.run();
                    },
                    executor);
                return NotUsed.getInstance();
              });
    } catch (RuntimeException failure) {
      leave.run();
      throw failure;
    }
  }

  private static Source<ByteString, NotUsed> refuse(
      SignalEncoder encoder, CloseReason reason, Optional<Cursor> cursor) {
    return Source.single(encoder.refused(reason, cursor));
  }

  private static HttpResponse withBody(Source<ByteString, ?> body) {
    return HttpResponse.create()
        .withEntity(HttpEntities.createChunked(MediaTypes.TEXT_EVENT_STREAM.toContentType(), body))
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"))
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"));
  }

  /** Of one materialized stream: what it has sent decides how it may end. */
  static final class Encoding {
    private final SignalEncoder encoder;
    private final Supplier<Optional<Cursor>> comeBack;
    private boolean opened;

    Encoding(SignalEncoder encoder, Supplier<Optional<Cursor>> comeBack) {
      this.encoder = encoder;
      this.comeBack = comeBack;
    }

    List<ByteString> encode(Signal signal) {
      // ended before "now" was fixed: its position is none to come back to
      if (!opened && signal instanceof Signal.Close close) {
        return List.of(encoder.refused(close.reason(), comeBack.get()));
      }
      // a heartbeat says nothing yet while the node still looks for its head
      opened |= !(signal instanceof Signal.Heartbeat);
      return encoder.portions(signal);
    }
  }
}
