package dev.gapless.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * {@code GET /metrics}, for those who may operate the node. What it shows comes from elsewhere, so
 * that an application can show the metrics it has anyway. Thread-safe.
 */
public final class MetricsEndpoint {
  private final HttpServices services;
  private final Scrape scrape;

  /** Where the metrics come from. */
  @FunctionalInterface
  public interface Scrape {
    /**
     * All metrics as they are now; must not block.
     *
     * @param accept the formats that the client asked for, as its {@code Accept} says
     */
    Exposition scrape(Optional<String> accept);
  }

  /**
   * Metrics in one of the formats.
   *
   * @param contentType such as {@code text/plain; version=0.0.4; charset=utf-8}
   */
  public record Exposition(String contentType, String text) {}

  private MetricsEndpoint(HttpServices services, Scrape scrape) {
    this.services = services;
    this.scrape = scrape;
  }

  /** The route, to mount beside the others. */
  public static Route route(HttpServices services, Scrape scrape) {
    MetricsEndpoint endpoint = new MetricsEndpoint(services, scrape);
    Resource resource =
        Resource.create(Cors.of(services.settings().corsOrigins()))
            .on(HttpMethods.GET, endpoint::handle)
            .on(HttpMethods.HEAD, endpoint::handle);
    return Directives.path("metrics", resource::route);
  }

  private CompletionStage<HttpResponse> handle(HttpRequest request, RequestTarget target) {
    return services
        .guard()
        .admit(request, new Access.Operate())
        .thenApply(
            grant -> answer(scrape.scrape(request.getHeader("Accept").map(HttpHeader::value))));
  }

  private static HttpResponse answer(Exposition metrics) {
    return HttpResponse.create()
        .withEntity(
            HttpEntities.create(
                ContentTypes.parse(metrics.contentType()), metrics.text().getBytes(UTF_8)))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }
}
