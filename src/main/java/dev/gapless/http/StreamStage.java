package dev.gapless.http;

import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.hub.SubscriptionControl;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractGraphStageWithMaterializedValue;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * From the signals of one subscription to the bytes of one answer: admits the stream when it
 * begins, encodes, and tells when it has ended. It is one stage because each costs every subscriber
 * memory and every delivery time.
 */
final class StreamStage
    extends AbstractGraphStageWithMaterializedValue<
        FlowShape<Signal, ByteString>, Consumer<SubscriptionControl>> {

  /**
   * The answer to a stream that is not let in.
   *
   * @param comeBack the mean time after which to come back, if it is not the usual one
   */
  record Refused(CloseReason reason, Optional<Duration> comeBack) {}

  /** What happens around one stream. */
  interface Life {
    /** At its beginning, asked once. */
    Optional<Refused> enter();

    /** After it was let in. */
    void begin(SubscriptionControl control);

    /** Once, refused or not, whatever ended it. */
    void end();
  }

  private final Inlet<Signal> in = Inlet.create("gapless-stream.in");
  private final Outlet<ByteString> out = Outlet.create("gapless-stream.out");
  private final FlowShape<Signal, ByteString> shape = FlowShape.of(in, out);
  private final StreamResponses.Encoding encoding;
  private final Life life;

  StreamStage(StreamResponses.Encoding encoding, Life life) {
    this.encoding = encoding;
    this.life = life;
  }

  @Override
  public FlowShape<Signal, ByteString> shape() {
    return shape;
  }

  /** Materializes where the control of the subscription belongs before the stream starts. */
  @Override
  public Pair<GraphStageLogic, Consumer<SubscriptionControl>> createLogicAndMaterializedValuePair(
      Attributes inheritedAttributes) {
    Logic logic = new Logic();
    return Pair.create(logic, control -> logic.control = Optional.of(control));
  }

  private final class Logic extends GraphStageLogic {
    private Optional<SubscriptionControl> control = Optional.empty();

    /** Portions of one signal after the first one. */
    private final Queue<ByteString> rest = new ArrayDeque<>(0);

    Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              rest.addAll(encoding.encode(grab(in)));
              if (rest.isEmpty()) {
                pull(in);
              } else {
                push(out, rest.remove());
              }
            }

            @Override
            public void onPull() {
              if (!rest.isEmpty()) {
                push(out, rest.remove());
              } else if (!isClosed(in)) {
                pull(in);
              }
              if (rest.isEmpty() && isClosed(in)) {
                complete(out);
              }
            }

            @Override
            public void onUpstreamFinish() {
              if (rest.isEmpty()) {
                complete(out);
              }
            }
          });
    }

    @Override
    public void preStart() {
      Optional<Refused> refusal = life.enter();
      if (refusal.isPresent()) {
        cancel(in);
        rest.add(encoding.refused(refusal.get()));
      } else {
        // without it nothing would end the stream when its credential is revoked
        life.begin(control.orElseThrow());
      }
    }

    @Override
    public void postStop() {
      life.end();
    }
  }
}
