package dev.gapless.http;

import dev.gapless.hub.EventHub;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Props;

/**
 * What all faces of a node share: who may do what, the streams there are, the revocations.
 * Thread-safe; start one for each node.
 */
public final class HttpServices {
  private static final String PUBLISHING = "gapless.http.blocking-dispatcher";
  private static final String REVOCATIONS = "gapless.http.revocations-dispatcher";

  private final HttpSettings settings;
  private final EventHub hub;
  private final DataSource dataSource;
  private final Executor publishing;
  private final Executor revoking;
  private final RevocationWatch revocations;
  private final Admission admission;
  private final StreamRegistry registry;
  private final StreamCounters counters = new StreamCounters();
  private final AccessGuard guard;
  private final boolean open;
  private final AcceptedConnections connections = new AcceptedConnections();

  private HttpServices(
      ActorSystem<?> system,
      HttpSettings settings,
      AuthSettings auth,
      Optional<Authorizer> own,
      EventHub hub,
      DataSource dataSource) {
    this.settings = settings;
    this.hub = hub;
    this.dataSource = dataSource;
    this.open = own.isEmpty() && auth.isOpen();
    this.publishing = system.dispatchers().lookup(DispatcherSelector.fromConfig(PUBLISHING));
    this.revoking = system.dispatchers().lookup(DispatcherSelector.fromConfig(REVOCATIONS));
    this.revocations = new RevocationWatch(dataSource, auth.revocationStale());
    this.admission = Admission.create(settings.admission());
    this.registry = new StreamRegistry(settings.maxStreams(), admission, revocations);
    this.guard =
        own.map(authorizer -> AccessGuard.create(authorizer, revocations))
            .orElseGet(() -> AccessGuard.create(auth, settings, revocations));
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseBeforeServiceUnbind(),
            "gapless-refuse-streams",
            () -> {
              registry.drain();
              return CompletableFuture.completedFuture(Done.getInstance());
            });
    system.systemActorOf(
        RevocationActor.create(revocations, registry, auth.revocationPoll(), revoking),
        "gapless-revocations",
        Props.empty());
    system.systemActorOf(RefusalLog.create(admission), "gapless-refusals", Props.empty());
    system.systemActorOf(
        VanishedClients.create(connections, settings.stallTimeout()),
        "gapless-vanished-clients",
        DispatcherSelector.blocking());
  }

  /**
   * Starts reading the revocations.
   *
   * @param own an application's own authorizer, instead of the one that {@code gapless.auth} names
   * @param dataSource connections to the primary for short work: publishing, revocations
   */
  public static HttpServices start(
      ActorSystem<?> system,
      HttpSettings settings,
      AuthSettings auth,
      Optional<Authorizer> own,
      EventHub hub,
      DataSource dataSource) {
    return new HttpServices(system, settings, auth, own, hub, dataSource);
  }

  /** The gate in front of every handler. */
  public AccessGuard guard() {
    return guard;
  }

  /** Answers with streams. */
  public StreamResponses streams() {
    return new StreamResponses(hub, registry, counters);
  }

  /** The limits that all faces share, and what they have refused. */
  public Admission admission() {
    return admission;
  }

  /** How many streams there are now. */
  public int openStreams() {
    return registry.open();
  }

  /** What the streams came to since the start. */
  public StreamCounts streamCounts() {
    return counters.now(registry.open());
  }

  public HttpSettings settings() {
    return settings;
  }

  public EventHub hub() {
    return hub;
  }

  /**
   * Fails if this node may not listen where it does: in {@code open} mode on loopback only.
   *
   * @throws IllegalStateException naming the settings that help
   */
  public void requireAllowedBind(java.net.InetSocketAddress bound) {
    if (open && !OpenModeRules.isLoopback(bound)) {
      throw new IllegalStateException(
          "gapless.auth.mode = open allows everything to everyone, so it listens on loopback only:"
              + " listen on 127.0.0.1, or set gapless.auth.mode = tokens");
    }
  }

  /**
   * Ends all streams with {@code drain}, spread evenly over the given time, and refuses new ones
   * with it.
   */
  public CompletionStage<Done> drain(Duration spread) {
    registry.drain();
    return hub.drain(spread);
  }

  /** Whether it takes no more streams. */
  public boolean isDraining() {
    return registry.isDraining();
  }

  /** Ends the streams that have lost what they depend on. */
  void checkStreams() {
    registry.check();
  }

  /** Of the servers that were bound with {@link HttpServerSettings}. */
  AcceptedConnections connections() {
    return connections;
  }

  DataSource dataSource() {
    return dataSource;
  }

  /** For what blocks in order to publish. */
  Executor publishing() {
    return publishing;
  }

  /** For what blocks in order to revoke, which nothing else may delay. */
  Executor revoking() {
    return revoking;
  }

  RevocationWatch revocations() {
    return revocations;
  }
}
