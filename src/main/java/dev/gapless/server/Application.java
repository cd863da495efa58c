package dev.gapless.server;

import com.typesafe.config.Config;
import dev.gapless.Gapless;
import dev.gapless.GaplessSettings;
import dev.gapless.files.FileCleaner;
import dev.gapless.files.FileMigration;
import dev.gapless.files.FileRoutes;
import dev.gapless.files.FileSettings;
import dev.gapless.files.FileStore;
import dev.gapless.http.AuthSettings;
import dev.gapless.http.HttpServices;
import dev.gapless.http.HttpSettings;
import dev.gapless.http.NativeRoutes;
import dev.gapless.http.Problems;
import dev.gapless.http.StatusReport;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogUnusableException;
import dev.gapless.log.SchemaMigrationException;
import dev.gapless.tail.TailStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs on the actor system: the library, as any embedding application would start it, with all
 * of its faces.
 *
 * @param services what the faces share
 * @param route what the server serves
 */
record Application(HttpServices services, Route route) {
  private static final Logger log = LoggerFactory.getLogger(Application.class);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Set<TailStatus.State> FOLLOWS =
      Set.of(TailStatus.State.FOLLOWING, TailStatus.State.BLOCKED);

  /** All settings of the library, each of which names its key when it is wrong. */
  record Settings(
      GaplessSettings gapless, HttpSettings http, AuthSettings auth, FileSettings files) {
    /**
     * @throws Refusal naming the key that is wrong
     */
    static Settings from(Config config) {
      return new Settings(
          LaunchSettings.library("gapless", () -> GaplessSettings.create(config)),
          LaunchSettings.library("gapless.http", () -> HttpSettings.create(config)),
          LaunchSettings.library("gapless.auth", () -> AuthSettings.create(config)),
          LaunchSettings.library("gapless.files", () -> FileSettings.create(config)));
    }
  }

  /**
   * Brings the schema up to date and starts the node.
   *
   * @throws Refusal when the database cannot keep the promises
   */
  static Application start(
      ActorSystem<?> system, Settings settings, DataSources dataSources, String node) {
    migrate(settings, dataSources);
    Gapless gapless = Gapless.get(system);
    await(gapless.start(dataSources.pool(), dataSources.direct(), settings.gapless()));
    FileStore files =
        FileStore.create(
            system, dataSources.pool(), gapless.log(), settings.files(), gapless::committed);
    system.systemActorOf(FileCleaner.create(files), "gapless-file-cleaner", Props.empty());
    HttpServices services =
        HttpServices.start(
            system,
            settings.http(),
            settings.auth(),
            Optional.empty(),
            gapless.hub(),
            dataSources.pool());
    return new Application(services, route(system, gapless, services, files, node));
  }

  private static Route route(
      ActorSystem<?> system, Gapless gapless, HttpServices services, FileStore files, String node) {
    StatusReport status =
        StatusReport.create(node, () -> follows(gapless))
            .with("tail", () -> gapless.status().tail())
            .with("listener", () -> gapless.status().listener())
            .with("partitions", () -> gapless.status().partitions());
    NativeRoutes nativeFace =
        NativeRoutes.create(system, services, gapless.log(), gapless::committed, status);
    return Problems.seal(
        Directives.concat(
            nativeFace.route(),
            nativeFace.page(),
            FileRoutes.create(system, files, services.guard(), services.settings()).routes()));
  }

  private static boolean follows(Gapless gapless) {
    return gapless.status().tail().map(TailStatus::state).filter(FOLLOWS::contains).isPresent();
  }

  private static void migrate(Settings settings, DataSources dataSources) {
    try {
      LogMigration.migrate(dataSources.direct(), settings.gapless().log());
      FileMigration.migrate(dataSources.direct(), settings.gapless().log());
    } catch (RuntimeException e) {
      throw refusal(e);
    }
  }

  /** Somebody's open transaction may keep the head undecided for hours: then it starts unready. */
  private static void await(CompletionStage<Done> started) {
    try {
      started.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      log.warn("the head of the log is not decided yet; listening all the same, but not ready");
    } catch (ExecutionException e) {
      throw refusal(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal("interrupted while starting", e);
    }
  }

  private static Refusal refusal(Throwable failure) {
    Throwable cause = Problems.unwrap(failure);
    boolean explained =
        cause instanceof LogUnusableException || cause instanceof SchemaMigrationException;
    String message = explained ? "" + cause.getMessage() : "the log cannot be prepared: " + cause;
    return new Refusal(message, cause);
  }
}
