package dev.gapless.server;

import com.typesafe.config.Config;
import dev.gapless.Gapless;
import dev.gapless.GaplessSettings;
import dev.gapless.log.LogUnusableException;
import dev.gapless.log.SchemaMigrationException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs on the actor system: the library, as any embedding application would start it. */
final class Application {
  private static final Logger log = LoggerFactory.getLogger(Application.class);
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private Application() {}

  /**
   * @return what the server serves
   * @throws Refusal when the database cannot keep the promises
   */
  static Route start(ActorSystem<?> system, DataSources dataSources) {
    Config config = system.settings().config();
    GaplessSettings settings =
        LaunchSettings.library("gapless", () -> GaplessSettings.create(config));
    await(Gapless.get(system).start(dataSources.pool(), dataSources.direct(), settings));
    return Directives.path(
        PathMatchers.segment("health").slash("live"),
        () -> Directives.get(() -> Directives.complete("up")));
  }

  /** Somebody's open transaction may keep the head undecided for hours: then it starts unready. */
  private static void await(CompletionStage<Done> started) {
    try {
      started.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      log.warn("the head of the log is not decided yet; listening all the same, but not ready");
    } catch (ExecutionException e) {
      throw refusal(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal("interrupted while starting", e);
    }
  }

  private static Refusal refusal(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    boolean explained =
        cause instanceof LogUnusableException || cause instanceof SchemaMigrationException;
    String message = explained ? "" + cause.getMessage() : "the log cannot be prepared: " + cause;
    return new Refusal(message, cause);
  }
}
