package dev.gapless.http;

import dev.gapless.event.StartPoint;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.PageRequest;
import dev.gapless.hub.PageResult;
import dev.gapless.hub.Signal;
import dev.gapless.hub.SubscriptionControl;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/** {@code GET} and {@code HEAD /v1/events}: a stream or a page, as the client prefers. */
final class EventsReading {
  private final EventHub hub;
  private final AccessGuard guard;
  private final StreamResponses streams;
  private final HttpSettings settings;
  private final SignalEncoder encoder;

  EventsReading(EventHub hub, AccessGuard guard, StreamResponses streams, HttpSettings settings) {
    this.hub = hub;
    this.guard = guard;
    this.streams = streams;
    this.settings = settings;
    this.encoder = SignalEncoder.create(NativeFrames.INSTANCE, true, settings.retry());
  }

  CompletionStage<HttpResponse> handle(HttpRequest request, RequestTarget target) {
    return switch (MediaPreference.of(request)) {
      case STREAM -> stream(request);
      case PAGE -> page(request);
      case NEITHER ->
          CompletableFuture.failedFuture(
              Problem.of(406, "Accept: text/event-stream or application/json").asException());
    };
  }

  private CompletionStage<HttpResponse> stream(HttpRequest request) {
    EventsQuery query = EventsQuery.parse(request, true, settings);
    if (query.reverse()) {
      EventsStart.backwards(query);
    }
    return guard
        .admit(request, Access.Read.of(query.filter()))
        .handle(
            (grant, failure) -> {
              if (failure != null) {
                return unavailable(query, failure);
              }
              return isHead(request)
                  ? streams.headOnly()
                  : streams.stream(
                      grant,
                      query.filter().owners(),
                      encoder,
                      () -> signals(query),
                      () -> EventsStart.comeBack(query, hub));
            });
  }

  // who cannot be told now whether it may is told when to come back: EventSource takes nothing else
  private HttpResponse unavailable(EventsQuery query, Throwable failure) {
    if (Problems.of(failure).status() == 503) {
      return streams.unavailable(encoder, () -> EventsStart.comeBack(query, hub));
    }
    throw new CompletionException(Problems.unwrap(failure));
  }

  private Source<Signal, SubscriptionControl> signals(EventsQuery query) {
    return query.reverse()
        ? ReverseStream.create(hub, query.filter(), EventsStart.backwards(query), query.limit())
        : hub.subscribe(EventsStart.subscription(query, StartPoint.NOW, settings.stallTimeout()));
  }

  private CompletionStage<HttpResponse> page(HttpRequest request) {
    EventsQuery query = EventsQuery.parse(request, false, settings);
    PageRequest wanted =
        EventsStart.page(query, (int) query.limit().orElse(settings.pageDefault()));
    return guard
        .admit(request, Access.Read.of(query.filter()))
        .thenCompose(
            grant -> {
              if (isHead(request)) {
                return CompletableFuture.completedFuture(pageHead());
              }
              if (!hub.isReady()) {
                throw Problem.of(503, "this node does not follow the log at the moment")
                    .asException();
              }
              return hub.page(wanted)
                  .thenApply(
                      result -> {
                        // a long poll may have outlived what allowed it
                        guard.requireStill(grant);
                        return answer(result);
                      });
            });
  }

  private static HttpResponse answer(PageResult result) {
    if (result instanceof PageResult.Lost lost) {
      throw lost(lost).asException();
    }
    return pageHead()
        .withEntity(
            HttpEntities.create(ContentTypes.APPLICATION_JSON, render((PageResult.Page) result)));
  }

  static ByteString render(PageResult.Page page) {
    Utf8Text json = new Utf8Text(64 + page.events().size() * 256);
    json.append("{\"events\":[");
    for (int i = 0; i < page.events().size(); i++) {
      HubEvent event = page.events().get(i);
      json.append(i == 0 ? "" : ",");
      EventJson.append(json, event.event(), event.cursor().toString());
    }
    json.append("],\"cursor\":\"").append(page.cursor().toString());
    json.append("\",\"more\":").append(Boolean.toString(page.more()));
    if (page.behind()) {
      json.append(",\"behind\":true");
    }
    return json.append('}').toByteString();
  }

  private static Problem lost(PageResult.Lost lost) {
    return Problem.of(410, "the cursor cannot be continued: begin again at earliest")
        .with("reason", SignalEncoder.name(lost.reason()))
        .with("requested", lost.requested().toString())
        .with("earliest", lost.earliest().toString())
        .with("head", lost.head().toString());
  }

  private static HttpResponse pageHead() {
    return HttpResponse.create()
        .withEntity(
            HttpEntities.create(ContentTypes.APPLICATION_JSON, ByteString.emptyByteString()))
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"));
  }

  private static boolean isHead(HttpRequest request) {
    return request.method().equals(HttpMethods.HEAD);
  }
}
