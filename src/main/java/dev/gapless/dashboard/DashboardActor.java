package dev.gapless.dashboard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.NodeStatus;
import dev.gapless.hub.SlowSubscriber;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.util.ByteString;

/**
 * Looks at the node each second and encodes what the dashboards are shown, once for all of them.
 */
final class DashboardActor extends AbstractBehavior<DashboardActor.Command> {
  static final Duration EVERY = Duration.ofSeconds(1);

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Its own ticks only. */
  sealed interface Command {}

  private enum Look implements Command {
    INSTANCE
  }

  private enum Remember implements Command {
    INSTANCE
  }

  /**
   * What is known of the nodes.
   *
   * @param views how they are now, as JSON, by their names; this one comes first
   * @param nodes the same as a frame
   * @param series how they were, as a frame
   */
  record Shown(Map<String, String> views, ByteString nodes, ByteString series) {
    static final Shown NOTHING =
        new Shown(Map.of(), ByteString.emptyByteString(), ByteString.emptyByteString());
  }

  private final String node;
  private final Supplier<NodeStatus> status;
  private final Supplier<List<SlowSubscriber>> slowest;
  private final Supplier<NodeView.Flags> flags;
  private final History history;
  private final Peers peers;
  private final AtomicReference<Shown> shown;
  private String series = "[]";

  /**
   * @param slowest the subscribers that have furthest to go
   * @param shown is kept up to date
   */
  static Behavior<Command> create(
      String node,
      Supplier<NodeStatus> status,
      Supplier<List<SlowSubscriber>> slowest,
      Supplier<NodeView.Flags> flags,
      History history,
      Peers peers,
      AtomicReference<Shown> shown) {
    Behavior<Command> dashboard =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers ->
                        new DashboardActor(
                            context, timers, node, status, slowest, flags, history, peers, shown)));
    // without it the page would show for ever what it showed last
    return Behaviors.supervise(dashboard).onFailure(SupervisorStrategy.restart());
  }

  private DashboardActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String node,
      Supplier<NodeStatus> status,
      Supplier<List<SlowSubscriber>> slowest,
      Supplier<NodeView.Flags> flags,
      History history,
      Peers peers,
      AtomicReference<Shown> shown) {
    super(context);
    this.node = node;
    this.status = status;
    this.slowest = slowest;
    this.flags = flags;
    this.history = history;
    this.peers = peers;
    this.shown = shown;
    timers.startTimerWithFixedDelay(Look.INSTANCE, Duration.ZERO, EVERY);
    timers.startTimerWithFixedDelay(Remember.INSTANCE, Duration.ZERO, History.EVERY);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Look.class, this::onLook)
        .onMessage(Remember.class, this::onRemember)
        .build();
  }

  private Behavior<Command> onLook(Look tick) {
    String view = json(NodeView.of(node, status.get(), slowest.get(), flags.get(), Instant.now()));
    peers.say(view, series);
    Map<String, String> views = new LinkedHashMap<>();
    views.put(node, view);
    others((name, said) -> views.put(name, said.view()));
    ByteString frame = frame("nodes", "[" + String.join(",", views.values()) + "]");
    Map<String, String> now = Collections.unmodifiableMap(views);
    shown.updateAndGet(before -> new Shown(now, frame, before.series()));
    return this;
  }

  private Behavior<Command> onRemember(Remember tick) {
    history.look(status.get(), Instant.now());
    series = json(history.samples());
    List<String> all = new ArrayList<>(List.of(json(node) + ":" + series));
    others((name, said) -> all.add(json(name) + ":" + said.series()));
    ByteString frame = frame("series", "{" + String.join(",", all) + "}");
    shown.updateAndGet(before -> new Shown(before.views(), before.nodes(), frame));
    return this;
  }

  private void others(BiConsumer<String, Peers.Said> each) {
    peers
        .heard()
        .forEach(
            (name, said) -> {
              if (!name.equals(node)) {
                each.accept(name, said);
              }
            });
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteString frame(String event, String json) {
    return ByteString.fromArray(
        ("event: " + event + "\ndata: " + json + "\n\n").getBytes(StandardCharsets.UTF_8));
  }
}
