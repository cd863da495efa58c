package dev.gapless.http;

import static org.apache.pekko.http.javadsl.server.Directives.concat;
import static org.apache.pekko.http.javadsl.server.Directives.extractRequest;
import static org.apache.pekko.http.javadsl.server.Directives.path;
import static org.apache.pekko.http.javadsl.server.Directives.withRequestTimeout;
import static org.apache.pekko.http.javadsl.server.PathMatchers.segment;

import dev.gapless.log.EventLog;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.model.headers.TimeoutAccess;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.util.ByteString;

/**
 * The native face but for files: events, sessions, revocations, status and health. Mount {@link
 * #route} under any prefix, inside {@link Problems#seal}, in a server bound with {@link
 * HttpServerSettings}. Thread-safe.
 */
public final class NativeRoutes {
  // beyond the longest poll: what a page and a publish may take besides
  private static final Duration WORK = Duration.ofSeconds(60);

  private final HttpServices services;
  private final StatusReport status;
  private final Runnable drain;
  private final Cors cors;
  private final Resource events;
  private final Resource session;
  private final Resource revocations;

  private NativeRoutes(
      ActorSystem<?> system,
      HttpServices services,
      EventLog log,
      Runnable afterCommit,
      StatusReport status,
      Runnable drain) {
    this.services = services;
    this.status = status;
    this.drain = drain;
    this.cors = Cors.of(services.settings().corsOrigins());
    EventsReading reading =
        new EventsReading(
            services.hub(), services.guard(), services.streams(), services.settings());
    EventsPublishing publishing =
        new EventsPublishing(
            services, new Publisher(services.dataSource(), log, afterCommit), system);
    this.events =
        Resource.create(cors)
            .on(HttpMethods.GET, reading::handle)
            .on(HttpMethods.HEAD, reading::handle)
            .receiving(HttpMethods.POST, publishing::handle);
    Sessions sessions = new Sessions(services.guard());
    this.session =
        Resource.create(cors)
            .on(HttpMethods.POST, sessions::begin)
            .on(HttpMethods.DELETE, sessions::end);
    this.revocations =
        Resource.create(cors)
            .receiving(HttpMethods.POST, new RevocationsEndpoint(services, system)::revoke);
  }

  /**
   * @param afterCommit called after each commit of published events, to wake this node's tail at
   *     once; must not block
   * @param drain what {@code POST /v1/drain} does; must not block
   */
  public static NativeRoutes create(
      ActorSystem<?> system,
      HttpServices services,
      EventLog log,
      Runnable afterCommit,
      StatusReport status,
      Runnable drain) {
    return new NativeRoutes(system, services, log, afterCommit, status, drain);
  }

  /**
   * {@code /v1/events}, {@code /v1/session}, {@code /v1/revocations}, {@code /v1/status}, {@code
   * /v1/drain}, {@code /health/…}.
   */
  public Route route() {
    return concat(
        path(segment("v1").slash("events"), this::events),
        path(segment("v1").slash("session"), session::route),
        path(segment("v1").slash("revocations"), revocations::route),
        path(segment("v1").slash("status"), reading(this::status)::route),
        path(segment("v1").slash("drain"), draining()::route),
        path(segment("health").slash("live"), reading(this::live)::route),
        path(segment("health").slash("ready"), reading(this::ready)::route));
  }

  // on HTTP/2 Pekko has no such timeout, and a warning for each who asks for another one
  private Route events() {
    return extractRequest(
        request ->
            request.getHeader(TimeoutAccess.class).isEmpty()
                ? events.route()
                : withRequestTimeout(
                    services.settings().maxWait().plus(WORK),
                    late -> Problem.of(503, "the node took too long").toResponse(),
                    events::route));
  }

  /**
   * {@code GET /}: a page that subscribes and shows what arrives. Mount it where the path ends in a
   * slash, beside {@link #route}.
   */
  public Route page() {
    return BrowserPage.route();
  }

  private Resource reading(Resource.Handler handler) {
    return Resource.create(cors).on(HttpMethods.GET, handler).on(HttpMethods.HEAD, handler);
  }

  private CompletionStage<HttpResponse> status(HttpRequest request, RequestTarget target) {
    return services
        .guard()
        .admit(request, new Access.Operate())
        .thenApply(
            grant ->
                HttpResponse.create()
                    .withEntity(
                        HttpEntities.create(
                            ContentTypes.APPLICATION_JSON,
                            ByteString.fromArrayUnsafe(Json.bytes(status.render(services)))))
                    .addHeader(RawHeader.create("Cache-Control", "no-store")));
  }

  private Resource draining() {
    return Resource.create(cors).on(HttpMethods.POST, this::drain);
  }

  /** The node answers everything else as before, until it is restarted. */
  private CompletionStage<HttpResponse> drain(HttpRequest request, RequestTarget target) {
    return services
        .guard()
        .admit(request, new Access.Operate())
        .thenApply(
            grant -> {
              drain.run();
              return HttpResponse.create()
                  .withStatus(202)
                  .addHeader(RawHeader.create("Cache-Control", "no-store"));
            });
  }

  private CompletionStage<HttpResponse> live(HttpRequest request, RequestTarget target) {
    return CompletableFuture.completedFuture(health(true));
  }

  private CompletionStage<HttpResponse> ready(HttpRequest request, RequestTarget target) {
    return CompletableFuture.completedFuture(health(status.isReady(services)));
  }

  private static HttpResponse health(boolean up) {
    return HttpResponse.create()
        .withStatus(up ? 200 : 503)
        .withEntity(
            HttpEntities.create(
                ContentTypes.APPLICATION_JSON, "{\"status\":\"" + (up ? "up" : "down") + "\"}"))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }
}
