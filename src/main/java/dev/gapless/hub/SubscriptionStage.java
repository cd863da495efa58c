package dev.gapless.hub;

import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractGraphStageWithMaterializedValue;
import org.apache.pekko.stream.stage.GraphStageLogic;

/**
 * The subscriber stream as a source; all state is in {@link SubscriptionLogic}, one per
 * materialization.
 */
final class SubscriptionStage
    extends AbstractGraphStageWithMaterializedValue<SourceShape<Signal>, SubscriptionControl> {

  /** What the streams of one node share; the hub is there once the head is decided. */
  record Shared(
      HubSettings settings,
      HubState state,
      CatchUpReader catchUp,
      Supplier<ActorRef<EventHubActor.Command>> hub,
      Runnable wakeTail) {}

  private final Outlet<Signal> out = Outlet.create("gapless-subscription.out");
  private final SourceShape<Signal> shape = SourceShape.of(out);
  private final Subscription subscription;
  private final Shared shared;

  SubscriptionStage(Subscription subscription, Shared shared) {
    this.subscription = subscription;
    this.shared = shared;
  }

  @Override
  public SourceShape<Signal> shape() {
    return shape;
  }

  @Override
  public Pair<GraphStageLogic, SubscriptionControl> createLogicAndMaterializedValuePair(
      Attributes inheritedAttributes) {
    SubscriptionLogic logic = new SubscriptionLogic(shape, subscription, shared);
    return Pair.create(logic, logic.control());
  }
}
