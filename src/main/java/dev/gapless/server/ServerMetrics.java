package dev.gapless.server;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import dev.gapless.Gapless;
import dev.gapless.GaplessRoutes;
import dev.gapless.dashboard.Peers;
import dev.gapless.http.MetricsEndpoint;
import dev.gapless.metrics.GaplessMetrics;
import dev.gapless.metrics.HttpMetrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;
import org.apache.pekko.http.javadsl.server.Route;
import org.jspecify.annotations.Nullable;

/** What the server shows to Prometheus: the node, its faces, the pool of connections, the JVM. */
final class ServerMetrics implements AutoCloseable {
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final HttpMetrics http;

  private ServerMetrics(Gapless gapless, GaplessRoutes routes, HikariDataSource pool, String node) {
    GaplessMetrics.of(gapless).bindTo(registry);
    this.http = HttpMetrics.bind(routes, registry);
    pool.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(registry));
    Gauge.builder("gapless.info", () -> 1)
        .description("1; the labels tell what runs")
        .tags("node", node, "version", version(), "java", "" + Runtime.version())
        .register(registry);
    bindJvm(registry);
  }

  /** Of a node that was started. */
  static ServerMetrics start(
      Gapless gapless, GaplessRoutes routes, HikariDataSource pool, String node) {
    return new ServerMetrics(gapless, routes, pool, node);
  }

  private void bindJvm(MeterRegistry to) {
    collections.bindTo(to);
    new JvmMemoryMetrics().bindTo(to);
    new JvmThreadMetrics().bindTo(to);
    new ClassLoaderMetrics().bindTo(to);
    new ProcessorMetrics().bindTo(to);
    new FileDescriptorMetrics().bindTo(to);
    new UptimeMetrics().bindTo(to);
  }

  /** Counts the nodes that this one hears of. */
  void watch(Peers peers) {
    Gauge.builder("gapless.cluster.nodes", peers, ServerMetrics::nodes)
        .description(
            "Nodes of the cluster that this one hears of, itself included; 0 where there is none")
        .strongReference(true)
        .register(registry);
  }

  private static int nodes(Peers peers) {
    // it hears of itself, but not at once
    return peers == Peers.NONE ? 0 : Math.max(1, peers.heard().size());
  }

  private static String version() {
    @Nullable String version = ServerMetrics.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** The route, with its requests measured. */
  Route around(Route route) {
    return http.around(route);
  }

  MetricsEndpoint.Exposition scrape(Optional<String> accept) {
    String contentType =
        accept.filter(wanted -> wanted.contains("application/openmetrics-text")).isPresent()
            ? OPEN_METRICS
            : TEXT;
    return new MetricsEndpoint.Exposition(contentType, registry.scrape(contentType));
  }

  @Override
  public void close() {
    collections.close();
    registry.close();
  }
}
