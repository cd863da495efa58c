package dev.gapless.homeserver;

import dev.gapless.event.Cursor;
import dev.gapless.http.Access;
import dev.gapless.http.AccessGuard;
import dev.gapless.http.AccessGuard.HostRule;
import dev.gapless.http.Cors;
import dev.gapless.http.Grant;
import dev.gapless.http.HttpServices;
import dev.gapless.http.Problem;
import dev.gapless.http.QueryParameters;
import dev.gapless.http.RequestTarget;
import dev.gapless.http.Resource;
import dev.gapless.http.SignalEncoder;
import dev.gapless.http.StreamResponses;
import dev.gapless.hub.EventHub;
import dev.gapless.hub.Signal;
import dev.gapless.hub.SubscriptionControl;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.stream.javadsl.Source;

/**
 * {@code GET /events/} and {@code GET /events-stream}, as clients of the existing homeserver know
 * them. Thread-safe.
 */
public final class HomeserverRoutes {
  private static final String LAST_EVENT_ID = "Last-Event-ID";

  private final EventHub hub;
  private final UserDirectory users;
  private final AccessGuard guard;
  private final StreamResponses streams;
  private final SignalEncoder encoder;
  private final Duration stallTimeout;
  private final FeedReader feed;

  private HomeserverRoutes(
      HttpServices services, UserDirectory users, HomeserverSettings settings) {
    this.hub = services.hub();
    this.users = users;
    this.guard = services.guard();
    this.streams = services.streams();
    this.encoder =
        SignalEncoder.create(
            HomeserverFrames.INSTANCE, settings.controlEvents(), services.settings().retry());
    this.stallTimeout = services.settings().stallTimeout();
    this.feed = new FeedReader(hub, users);
  }

  /**
   * The route; it rejects every path but its own two.
   *
   * @param users asked for each stream and each page of the feed; what it finds is remembered for a
   *     minute
   */
  public static Route create(
      HttpServices services, UserDirectory users, HomeserverSettings settings) {
    return new HomeserverRoutes(services, KnownUsers.remembering(users), settings).route();
  }

  private Route route() {
    Resource feedResource =
        Resource.create(Cors.any(), PlainAnswers.VARY, PlainAnswers::fault)
            .on(HttpMethods.GET, this::onFeed)
            .on(HttpMethods.HEAD, this::onFeed);
    Resource streamResource =
        Resource.create(Cors.any(), PlainAnswers.VARY, PlainAnswers::fault)
            .on(HttpMethods.GET, this::onStream)
            .on(HttpMethods.HEAD, this::onStream);
    return Directives.concat(
        Directives.pathPrefix("events", () -> Directives.pathSingleSlash(feedResource::route)),
        Directives.path("events-stream", streamResource::route));
  }

  private CompletionStage<HttpResponse> onFeed(HttpRequest request, RequestTarget target) {
    FeedQuery query = FeedQuery.parse(QueryParameters.of(request));
    Access publicOfAll = new Access.Read(Set.of(), Set.of(StreamQuery.DEFAULT_PATH));
    return guard
        .admit(request, publicOfAll, HostRule.LOOPBACK_OR_USER_KEY)
        .thenCompose(
            granted -> {
              if (!hub.isReady()) {
                throw Problem.of(503, "this node does not follow the log at the moment")
                    .asException();
              }
              return feed.read(query);
            })
        .thenApply(
            page ->
                page.map(text -> PlainAnswers.text(200, text))
                    .orElseGet(() -> PlainAnswers.text(410, "Cursor no longer available")));
  }

  private CompletionStage<HttpResponse> onStream(HttpRequest request, RequestTarget target) {
    StreamQuery query = StreamQuery.parse(QueryParameters.of(request));
    Optional<Cursor> resume = lastEventId(request);
    boolean headOnly = request.method().equals(HttpMethods.HEAD);
    return guard
        .admit(request, Access.Read.of(StreamPlan.filter(query)), HostRule.LOOPBACK_OR_USER_KEY)
        .thenCompose(
            grant ->
                areKnown(query)
                    .thenApply(
                        known -> {
                          if (known.isPresent() && !known.get()) {
                            return PlainAnswers.text(404, "Not Found");
                          }
                          return headOnly
                              ? streams.headOnly()
                              : stream(grant, query, resume, known.isPresent());
                        }));
  }

  private HttpResponse stream(
      Grant grant, StreamQuery query, Optional<Cursor> resume, boolean usersWereRead) {
    return streams.stream(
        grant,
        query.users().keySet(),
        encoder,
        () -> usersWereRead ? signals(query, resume) : comeBackLater(resume),
        () -> resume);
  }

  private Source<Signal, SubscriptionControl> signals(StreamQuery query, Optional<Cursor> resume) {
    if (query.reverse()) {
      return new PerUserReverse(hub, query, resume).source();
    }
    StreamPlan plan = StreamPlan.of(query, resume, hub.head(), stallTimeout);
    Source<Signal, SubscriptionControl> source = hub.subscribe(plan.subscription());
    if (plan.skips().isEmpty()) {
      return source;
    }
    return source
        .statefulMapConcat(() -> new SkippingStream(plan.skips(), plan.limit())::apply)
        .takeWhile(signal -> !(signal instanceof Signal.Close), true);
  }

  // a status of 503 would end an EventSource for good
  private static Source<Signal, SubscriptionControl> comeBackLater(Optional<Cursor> resume) {
    Signal close = new Signal.Close(Signal.CloseReason.ERROR, resume.orElse(Cursor.EARLIEST));
    return Source.single(close).mapMaterializedValue(unused -> reason -> {});
  }

  /** Whether all users are registered; empty if the database cannot tell. */
  private CompletionStage<Optional<Boolean>> areKnown(StreamQuery query) {
    Set<String> asked = query.users().keySet();
    return users
        .known(asked)
        .handle(
            (known, failure) ->
                failure == null ? Optional.of(known.containsAll(asked)) : Optional.empty());
  }

  private static Optional<Cursor> lastEventId(HttpRequest request) {
    return request
        .getHeader(LAST_EVENT_ID)
        .map(header -> header.value())
        .filter(value -> !value.isEmpty())
        .map(
            value ->
                Cursor.parse(value)
                    .orElseThrow(
                        () -> InvalidRequestException.echoing("Invalid " + LAST_EVENT_ID, value)));
  }
}
