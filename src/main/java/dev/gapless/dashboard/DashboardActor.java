package dev.gapless.dashboard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.NodeStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.Behavior;
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
   * What a dashboard is shown, as frames.
   *
   * @param nodes how they are now
   * @param series how they were
   */
  record Shown(ByteString nodes, ByteString series) {
    static final Shown NOTHING =
        new Shown(ByteString.emptyByteString(), ByteString.emptyByteString());
  }

  private final String node;
  private final Supplier<NodeStatus> status;
  private final Supplier<NodeView.Flags> flags;
  private final History history;
  private final AtomicReference<Shown> shown;

  /**
   * @param shown is kept up to date
   */
  static Behavior<Command> create(
      String node,
      Supplier<NodeStatus> status,
      Supplier<NodeView.Flags> flags,
      History history,
      AtomicReference<Shown> shown) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new DashboardActor(context, timers, node, status, flags, history, shown)));
  }

  private DashboardActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String node,
      Supplier<NodeStatus> status,
      Supplier<NodeView.Flags> flags,
      History history,
      AtomicReference<Shown> shown) {
    super(context);
    this.node = node;
    this.status = status;
    this.flags = flags;
    this.history = history;
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
    NodeView view = NodeView.of(node, status.get(), flags.get(), Instant.now());
    ByteString frame = frame("nodes", List.of(view));
    shown.updateAndGet(before -> new Shown(frame, before.series()));
    return this;
  }

  private Behavior<Command> onRemember(Remember tick) {
    history.look(status.get(), Instant.now());
    ByteString frame = frame("series", Map.of(node, history.samples()));
    shown.updateAndGet(before -> new Shown(before.nodes(), frame));
    return this;
  }

  private static ByteString frame(String event, Object data) {
    try {
      String json = JSON.writeValueAsString(data);
      return ByteString.fromArray(
          ("event: " + event + "\ndata: " + json + "\n\n").getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
