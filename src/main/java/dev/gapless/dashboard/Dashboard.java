package dev.gapless.dashboard;

import static java.util.Objects.requireNonNull;

import dev.gapless.Gapless;
import dev.gapless.GaplessRoutes;
import dev.gapless.dashboard.DashboardActor.Shown;
import dev.gapless.http.Access;
import dev.gapless.http.HttpServices;
import dev.gapless.http.PageFile;
import dev.gapless.http.Resource;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpCharsets;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * {@code GET /dashboard}: the node as a page for those who may operate it. The files of the page
 * are open, what it shows is not: {@code /dashboard/events}, a stream of two kinds of frames,
 * {@code nodes} each second and {@code series} each five. Thread-safe; start one for each node.
 */
public final class Dashboard {
  /** Each is written to once a second; nobody needs more. */
  private static final int MOST_VIEWERS = 100;

  private static final int SLOWEST = 5;

  private static final ByteString FULL = ByteString.fromString("event: full\ndata: {}\n\n");
  private static final ByteString RETRY = ByteString.fromString("retry: 2000\n\n");

  private final HttpServices services;
  private final NodesEndpoint nodes;
  private final AtomicReference<Shown> shown = new AtomicReference<>(Shown.NOTHING);
  private final Semaphore viewers = new Semaphore(MOST_VIEWERS);
  private final SharedKillSwitch end = KillSwitches.shared("gapless-dashboard");

  private Dashboard(
      ActorSystem<?> system, Gapless gapless, GaplessRoutes routes, String node, Peers peers) {
    this.services = routes.services();
    this.nodes = new NodesEndpoint(routes, node, peers, shown::get);
    History history = new History();
    gapless.onDelivery(history::delivered);
    gapless.onDeliverySinceCommit(history::deliveredSinceCommit);
    system.systemActorOf(
        DashboardActor.create(
            node,
            gapless::status,
            () -> gapless.slowest(SLOWEST),
            () -> flags(routes),
            history,
            peers,
            shown),
        "gapless-dashboard",
        Props.empty());
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseServiceUnbind(),
            "gapless-end-dashboards",
            () -> {
              end.shutdown();
              return CompletableFuture.completedFuture(Done.getInstance());
            });
  }

  /**
   * Begins to look at a node that was started.
   *
   * @param node its name
   * @param peers the nodes that are shown beside it
   */
  public static Dashboard start(
      ActorSystem<?> system, Gapless gapless, GaplessRoutes routes, String node, Peers peers) {
    return new Dashboard(system, gapless, routes, node, peers);
  }

  private static NodeView.Flags flags(GaplessRoutes routes) {
    return new NodeView.Flags(
        routes.isReady(), routes.services().isDraining(), routes.services().openStreams());
  }

  /** {@code /dashboard} and what is below it, and {@code /v1/nodes}. */
  public Route route() {
    ContentType script = MediaTypes.APPLICATION_JAVASCRIPT.toContentType(HttpCharsets.UTF_8);
    ContentType style = MediaTypes.TEXT_CSS.toContentType(HttpCharsets.UTF_8);
    Resource page = file("dashboard.html", ContentTypes.TEXT_HTML_UTF8);
    Resource scripts = file("dashboard.js", script);
    Resource styles = file("dashboard.css", style);
    Resource events = PageFile.resource((request, target) -> events(request));
    return Directives.concat(
        nodes.route(),
        Directives.path("dashboard", page::route),
        Directives.pathPrefix(
            "dashboard",
            () ->
                Directives.concat(
                    Directives.path("dashboard.js", scripts::route),
                    Directives.path("dashboard.css", styles::route),
                    Directives.path("events", events::route))));
  }

  private static Resource file(String name, ContentType type) {
    return PageFile.resource(Dashboard.class, name, type);
  }

  private CompletionStage<HttpResponse> events(HttpRequest request) {
    return services.guard().admit(request, new Access.Operate()).thenApply(grant -> stream());
  }

  private HttpResponse stream() {
    Source<ByteString, NotUsed> frames =
        Source.lazySource(this::framesForOneMore)
            .mapMaterializedValue(later -> NotUsed.getInstance());
    return HttpResponse.create()
        .withEntity(
            HttpEntities.createChunked(
                MediaTypes.TEXT_EVENT_STREAM.toContentType(), Source.single(RETRY).concat(frames)))
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"));
  }

  /** Who is refused comes back by itself. */
  private Source<ByteString, NotUsed> framesForOneMore() {
    return viewers.tryAcquire() ? frames() : Source.single(FULL);
  }

  private Source<ByteString, NotUsed> frames() {
    long perSeries = History.EVERY.dividedBy(DashboardActor.EVERY);
    return Source.tick(Duration.ZERO, DashboardActor.EVERY, Done.getInstance())
        .zipWithIndex()
        .map(
            tick -> {
              Shown now = requireNonNull(shown.get());
              boolean all = tick.second() % perSeries == 0;
              return all ? now.nodes().concat(now.series()) : now.nodes();
            })
        .via(end.flow())
        .watchTermination(
            (unused, done) -> {
              done.whenComplete((ended, failure) -> viewers.release());
              return NotUsed.getInstance();
            });
  }
}
