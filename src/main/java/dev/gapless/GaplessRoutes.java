package dev.gapless;

import com.typesafe.config.Config;
import dev.gapless.files.FileCleaner;
import dev.gapless.files.FileMigration;
import dev.gapless.files.FileRoutes;
import dev.gapless.files.FileSettings;
import dev.gapless.files.FileStore;
import dev.gapless.homeserver.HomeserverFileRoutes;
import dev.gapless.homeserver.HomeserverRoutes;
import dev.gapless.homeserver.HomeserverSettings;
import dev.gapless.http.AuthSettings;
import dev.gapless.http.Authorizer;
import dev.gapless.http.HttpServices;
import dev.gapless.http.HttpSettings;
import dev.gapless.http.NativeRoutes;
import dev.gapless.http.Problems;
import dev.gapless.http.StatusReport;
import dev.gapless.log.LogSettings;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP faces of a node as routes, to mount where the application likes. Bind the server with
 * {@link dev.gapless.http.HttpServerSettings}: Pekko's defaults do not fit long streams. Immutable
 * and thread-safe.
 */
public final class GaplessRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(GaplessRoutes.class);
  private static final Set<TailStatus.State> FOLLOWS =
      Set.of(TailStatus.State.FOLLOWING, TailStatus.State.BLOCKED);

  /**
   * What the faces read from the configuration.
   *
   * @param drain over how long an operator's drain ends the streams
   * @param node the name of this node in its status
   */
  public record Settings(
      LogSettings log,
      HttpSettings http,
      AuthSettings auth,
      FileSettings files,
      HomeserverSettings homeserver,
      Duration drain,
      String node) {
    /**
     * @throws IllegalArgumentException or {@link com.typesafe.config.ConfigException} naming the
     *     full key at fault
     */
    public static Settings create(Config config, String node) {
      return new Settings(
          LogSettings.create(config),
          HttpSettings.create(config),
          AuthSettings.create(config),
          FileSettings.create(config),
          HomeserverSettings.create(config),
          config.getDuration("gapless.drain"),
          node);
    }
  }

  private final ActorSystem<?> system;
  private final Gapless gapless;
  private final HttpServices services;
  private final Duration drain;
  private final FileStore store;
  private final NativeRoutes nativeFace;
  private final HomeserverSettings homeserverSettings;

  private GaplessRoutes(
      ActorSystem<?> system,
      Gapless gapless,
      DataSource pool,
      Settings settings,
      Optional<Authorizer> authorizer) {
    this.system = system;
    this.gapless = gapless;
    this.drain = settings.drain();
    this.store =
        FileStore.create(system, pool, gapless.log(), settings.files(), gapless::committed);
    this.services =
        HttpServices.start(
            system, settings.http(), settings.auth(), authorizer, gapless.hub(), pool);
    this.nativeFace =
        NativeRoutes.create(
            system,
            services,
            gapless.log(),
            gapless::committed,
            status(settings.node()),
            this::drain);
    this.homeserverSettings = settings.homeserver();
    system.systemActorOf(FileCleaner.create(store), "gapless-file-cleaner", Props.empty());
  }

  /**
   * Prepares the faces of a node that was started; creates or checks the tables of the files.
   *
   * @param pool connections that are returned at once
   * @param direct as in {@link Gapless#start(DataSource, DataSource, GaplessSettings)}
   * @param authorizer an application's own, instead of the one that {@code gapless.auth} names
   * @return fails as {@link FileMigration#migrate} does
   */
  public static CompletionStage<GaplessRoutes> start(
      ActorSystem<?> system,
      DataSource pool,
      DataSource direct,
      Settings settings,
      Optional<Authorizer> authorizer) {
    Executor blocking = system.dispatchers().lookup(DispatcherSelector.blocking());
    return CompletableFuture.runAsync(() -> FileMigration.migrate(direct, settings.log()), blocking)
        .thenApply(
            migrated -> new GaplessRoutes(system, Gapless.get(system), pool, settings, authorizer));
  }

  private StatusReport status(String node) {
    return StatusReport.create(node, this::follows)
        .with("tail", () -> gapless.status().tail())
        .with("listener", () -> gapless.status().listener())
        .with("partitions", () -> gapless.status().partitions())
        .with("retention", () -> gapless.status().retention())
        .with("erasures", () -> gapless.status().erasures());
  }

  private boolean follows() {
    return gapless.status().tail().map(TailStatus::state).filter(FOLLOWS::contains).isPresent();
  }

  /**
   * Every face, errors included: what the server serves.
   *
   * @param others further routes, such as that of {@link dev.gapless.http.MetricsEndpoint}
   */
  public Route all(Route... others) {
    return Problems.seal(
        Directives.concat(
            nativeFace.route(),
            files(),
            homeserver(),
            nativeFace.page(),
            Directives.concat(Directives.reject(), others)));
  }

  /** What {@code /health/ready} says: events flow, and streams are taken. */
  public boolean isReady() {
    return services.hub().isReady() && !services.isDraining() && follows();
  }

  /** Ends the streams of this node, spread over the time of the settings, and takes no more. */
  public void drain() {
    if (!services.isDraining()) {
      LOG.info("node_drained: asked for by an operator");
      services.drain(drain);
    }
  }

  /** Bytes of bodies of files that were stored, those of uploads that failed included. */
  public long bytesStored() {
    return store.bytesStored();
  }

  /** Bytes of files that were handed on to readers. */
  public long bytesRead() {
    return store.bytesRead();
  }

  /** How many bodies of files are being taken now. */
  public int uploads() {
    return store.uploadsInFlight();
  }

  /** The native face but for files: events, sessions, revocations, status and health. */
  public Route events() {
    return nativeFace.route();
  }

  /** {@code /v1/files} and {@code /v1/owners}. */
  public Route files() {
    return FileRoutes.create(
            system, store, services.guard(), services.admission(), services.settings())
        .routes();
  }

  /** The face of the existing homeserver: feed, streams and files. */
  public Route homeserver() {
    return Directives.concat(
        HomeserverRoutes.create(services, store::registered, homeserverSettings),
        HomeserverFileRoutes.create(system, store, services.guard(), services.admission()));
  }

  /** What the faces share: the gate, the streams, and the rule where a node may listen. */
  public HttpServices services() {
    return services;
  }
}
