package dev.gapless.metrics;

import dev.gapless.GaplessRoutes;
import dev.gapless.http.Refusal;
import dev.gapless.http.StreamCounts;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The meters of a node's faces: requests by route, method and status, streams, uploads.
 * Thread-safe.
 */
public final class HttpMetrics {
  /** Others are counted together: a client can make up as many as it likes. */
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS");

  private record Kind(String route, String method, int status) {}

  private final MeterRegistry registry;
  private final Map<Kind, Timer> timers = new ConcurrentHashMap<>();

  private HttpMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Registers the meters of these faces. */
  public static HttpMetrics bind(GaplessRoutes routes, MeterRegistry registry) {
    new Meters<>(registry, routes)
        .gauge("gapless.streams", "Event streams there are now", r -> counts(r).open())
        .counters(
            "gapless.streams.closed",
            "Streams that the node ended or refused, by what it told their clients",
            "reason",
            CloseReason.class,
            (r, reason) -> counts(r).closed().getOrDefault(reason, 0L))
        .counters(
            "gapless.cursor.resets",
            "Cursors that could not be continued, by reason",
            "reason",
            LostReason.class,
            (r, reason) -> counts(r).resets().getOrDefault(reason, 0L))
        .counters(
            "gapless.refusals",
            "Streams, publishes and changes of files refused although they were allowed, by limit",
            "limit",
            Refusal.class,
            (r, limit) -> r.services().admission().status().refused(limit))
        .gauge("gapless.uploads", "Bodies of files being taken now", GaplessRoutes::uploads);
    bytesOfFiles(routes, registry, "stored", GaplessRoutes::bytesStored);
    bytesOfFiles(routes, registry, "read", GaplessRoutes::bytesRead);
    FunctionCounter.builder("gapless.streams.sent", routes, r -> counts(r).bytes())
        .description("Frames handed to connections of streams")
        .baseUnit("bytes")
        .register(registry);
    return new HttpMetrics(registry);
  }

  private static void bytesOfFiles(
      GaplessRoutes routes,
      MeterRegistry registry,
      String direction,
      ToDoubleFunction<GaplessRoutes> count) {
    FunctionCounter.builder("gapless.files", routes, count)
        .description("Contents of files: stored (failed uploads included), or handed to readers")
        .baseUnit("bytes")
        .tags("direction", direction)
        .register(registry);
  }

  private static StreamCounts counts(GaplessRoutes routes) {
    return routes.services().streamCounts();
  }

  /** The route, with the time from a request to the head of its answer measured. */
  public Route around(Route route) {
    return Directives.extractRequest(
        request -> {
          long begun = System.nanoTime();
          return Directives.mapResponse(
              response -> {
                timer(request, response.status().intValue())
                    .record(System.nanoTime() - begun, TimeUnit.NANOSECONDS);
                return response;
              },
              () -> route);
        });
  }

  private Timer timer(HttpRequest request, int status) {
    String method = request.method().value();
    Kind kind =
        new Kind(
            RouteNames.of(request.getUri().path()),
            METHODS.contains(method) ? method : "other",
            status);
    return timers.computeIfAbsent(kind, this::register);
  }

  private Timer register(Kind kind) {
    return Timer.builder("gapless.http.requests")
        .description("From the head of a request to the head of its answer")
        .tags("route", kind.route(), "method", kind.method(), "status", "" + kind.status())
        .register(registry);
  }
}
