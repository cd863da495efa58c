package dev.gapless.dashboard;

import dev.gapless.GaplessRoutes;
import dev.gapless.dashboard.DashboardActor.Shown;
import dev.gapless.http.Access;
import dev.gapless.http.Cors;
import dev.gapless.http.PageFile;
import dev.gapless.http.Problem;
import dev.gapless.http.Resource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.PathMatcher1;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * {@code /v1/nodes}: any node tells about all that it hears of, and drains them, for those who may
 * operate it. Thread-safe.
 */
final class NodesEndpoint {
  private final GaplessRoutes routes;
  private final String node;
  private final Peers peers;
  private final Supplier<Shown> shown;

  /**
   * @param node the name of this one
   */
  NodesEndpoint(GaplessRoutes routes, String node, Peers peers, Supplier<Shown> shown) {
    this.routes = routes;
    this.node = node;
    this.peers = peers;
    this.shown = shown;
  }

  Route route() {
    PathMatcher1<String> one =
        PathMatchers.segment("v1").slash("nodes").slash(PathMatchers.segment());
    return Directives.concat(
        Directives.path(
            PathMatchers.segment("v1").slash("nodes"),
            () -> get((request, target) -> all(request))),
        Directives.path(one, name -> get((request, target) -> one(request, name))),
        Directives.path(
            one.slash("drain"),
            name -> PageFile.action((request, target) -> drain(request, name)).route()));
  }

  private static Route get(Resource.Handler handler) {
    return Resource.create(Cors.of(List.of())).on(HttpMethods.GET, handler).route();
  }

  private CompletionStage<HttpResponse> all(HttpRequest request) {
    return operator(
        request,
        () -> json("{\"nodes\":[" + String.join(",", shown.get().views().values()) + "]}"));
  }

  private CompletionStage<HttpResponse> one(HttpRequest request, String name) {
    return operator(
        request,
        () ->
            Optional.ofNullable(shown.get().views().get(name))
                .map(NodesEndpoint::json)
                .orElseGet(NodesEndpoint::unknown));
  }

  private CompletionStage<HttpResponse> drain(HttpRequest request, String name) {
    return operator(
        request,
        () -> {
          if (name.equals(node)) {
            routes.drain();
          } else if (peers.heard().containsKey(name)) {
            peers.drain(name);
          } else {
            return unknown();
          }
          return HttpResponse.create().withStatus(202);
        });
  }

  private CompletionStage<HttpResponse> operator(
      HttpRequest request, Supplier<HttpResponse> answer) {
    return routes
        .services()
        .guard()
        .admit(request, new Access.Operate())
        .thenApply(grant -> answer.get());
  }

  private static HttpResponse json(String text) {
    return HttpResponse.create()
        .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, text))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }

  private static HttpResponse unknown() {
    return Problem.of(404, "no node of that name has been heard of").toResponse();
  }
}
