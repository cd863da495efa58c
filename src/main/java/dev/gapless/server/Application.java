package dev.gapless.server;

import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;

/** What runs on the actor system: the library, as any embedding application would start it. */
final class Application {
  private Application() {}

  static Route start(ActorSystem<?> system, DataSources dataSources) {
    return Directives.path(
        PathMatchers.segment("health").slash("live"),
        () -> Directives.get(() -> Directives.complete("up")));
  }
}
