package dev.gapless.http;

import dev.gapless.event.Cursor;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionControl;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.AttributeKey;
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
  /** Of every answer that is a stream. */
  public static final AttributeKey<StreamEnd> END =
      AttributeKey.create("gapless-stream-end", StreamEnd.class);

  /**
   * The end of a stream.
   *
   * @param reached completes when it has handed on its last byte, or failed, on the stream's thread
   */
  public record StreamEnd(CompletionStage<Done> reached) {}

  private final EventHub hub;
  private final StreamRegistry registry;
  private final StreamCounters counters;

  StreamResponses(EventHub hub, StreamRegistry registry, StreamCounters counters) {
    this.hub = hub;
    this.registry = registry;
    this.counters = counters;
  }

  /**
   * The answer for one stream. Whether it is admitted is decided when it materializes.
   *
   * @param owners those that its filter names
   * @param source the subscription; its materialized value ends it from outside
   * @param comeBack the cursor that a refused client is given, if there is one that loses nothing
   */
  public HttpResponse stream(
      Grant grant,
      Set<String> owners,
      SignalEncoder encoder,
      Supplier<Source<Signal, SubscriptionControl>> source,
      Supplier<Optional<Cursor>> comeBack) {
    if (!hub.isReady()) {
      // the subscription may be made of what the head is
      CloseReason reason = registry.isDraining() ? CloseReason.DRAIN : CloseReason.ERROR;
      return refused(encoder, reason, comeBack);
    }
    CompletableFuture<Done> ended = new CompletableFuture<>();
    StreamStage stage =
        new StreamStage(new Encoding(encoder, comeBack, counters), new Stay(grant, owners, ended));
    return withBody(
            source
                .get()
                .viaMat(
                    stage,
                    (control, begin) -> {
                      begin.accept(control);
                      return NotUsed.getInstance();
                    }))
        .addAttribute(END, new StreamEnd(ended));
  }

  /** A stream that only says when to come back, for what fails where 503 would be the answer. */
  public HttpResponse unavailable(SignalEncoder encoder, Supplier<Optional<Cursor>> comeBack) {
    return refused(encoder, CloseReason.ERROR, comeBack);
  }

  private HttpResponse refused(
      SignalEncoder encoder, CloseReason reason, Supplier<Optional<Cursor>> comeBack) {
    counters.refused(reason);
    return withBody(Source.single(encoder.refused(reason, comeBack.get())));
  }

  /** The head of a stream, without one. */
  public HttpResponse headOnly() {
    return withBody(Source.<ByteString>empty());
  }

  private static HttpResponse withBody(Source<ByteString, ?> body) {
    return HttpResponse.create()
        .withEntity(HttpEntities.createChunked(MediaTypes.TEXT_EVENT_STREAM.toContentType(), body))
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"))
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"));
  }

  /** What a node does around one of its streams. */
  private final class Stay implements StreamStage.Life {
    private final Grant grant;
    private final Set<String> owners;
    private final CompletableFuture<Done> ended;
    private Runnable forget = () -> {};
    private boolean entered;

    Stay(Grant grant, Set<String> owners, CompletableFuture<Done> ended) {
      this.grant = grant;
      this.owners = owners;
      this.ended = ended;
    }

    @Override
    public Optional<StreamStage.Refused> enter() {
      if (registry.isDraining()) {
        return Optional.of(new StreamStage.Refused(CloseReason.DRAIN, Optional.empty()));
      }
      Optional<StreamLimits.Refused> refused = registry.tryEnter(grant, owners);
      entered = refused.isEmpty();
      return refused.map(
          limit -> new StreamStage.Refused(CloseReason.OVERLOADED, limit.comeBack()));
    }

    @Override
    public void begin(SubscriptionControl control) {
      forget = registry.watch(grant, control);
    }

    @Override
    public void end() {
      forget.run();
      if (entered) {
        registry.leave(grant, owners);
      }
      ended.complete(Done.getInstance());
    }
  }

  /** Of one materialized stream: what it has sent decides how it may end. */
  static final class Encoding {
    private final SignalEncoder encoder;
    private final Supplier<Optional<Cursor>> comeBack;
    private final StreamCounters counters;
    private boolean opened;

    Encoding(SignalEncoder encoder, Supplier<Optional<Cursor>> comeBack, StreamCounters counters) {
      this.encoder = encoder;
      this.comeBack = comeBack;
      this.counters = counters;
    }

    List<ByteString> encode(Signal signal) {
      // ended before "now" was fixed: its position is none to come back to
      if (!opened && signal instanceof Signal.Close close) {
        return List.of(refused(new StreamStage.Refused(close.reason(), Optional.empty())));
      }
      // a heartbeat says nothing yet while the node still looks for its head
      opened |= !(signal instanceof Signal.Heartbeat);
      List<ByteString> frames = encoder.portions(signal);
      counters.sent(signal, frames);
      return frames;
    }

    ByteString refused(StreamStage.Refused refused) {
      counters.refused(refused.reason());
      return encoder.refused(refused.reason(), refused.comeBack(), comeBack.get());
    }
  }
}
