package dev.gapless.files;

import java.time.Duration;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Refuses a body that arrives too slowly. Only the time counts in which upstream was asked and gave
 * nothing: a slow database is not the client's fault. Passes everything on unchanged and fails with
 * {@link BodyRefusedException} when fewer bytes than the rate demands came within a window.
 */
final class PaceGuard extends GraphStage<FlowShape<ByteString, ByteString>> {
  private static final String TICK = "tick";

  private final Inlet<ByteString> in = Inlet.create("PaceGuard.in");
  private final Outlet<ByteString> out = Outlet.create("PaceGuard.out");
  private final FlowShape<ByteString, ByteString> shape = FlowShape.of(in, out);
  private final long bytesPerWindow;
  private final Duration window;

  PaceGuard(long bytesPerSecond, Duration window) {
    this.bytesPerWindow = Math.max(1, bytesPerSecond * window.toMillis() / 1000);
    this.window = window;
  }

  @Override
  public FlowShape<ByteString, ByteString> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private long received;
    private long waitedNanos;
    private long askedAt;

    private Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              waitedNanos += System.nanoTime() - askedAt;
              ByteString bytes = grab(in);
              received += bytes.size();
              push(out, bytes);
            }

            @Override
            public void onPull() {
              askedAt = System.nanoTime();
              pull(in);
            }
          });
    }

    @Override
    public void preStart() {
      Duration tick = window.dividedBy(10);
      scheduleWithFixedDelay(TICK, tick, tick);
    }

    @Override
    public void onTimer(Object key) {
      if (hasBeenPulled(in)) {
        long now = System.nanoTime();
        waitedNanos += now - askedAt;
        askedAt = now;
      }
      if (waitedNanos >= window.toNanos()) {
        if (received < bytesPerWindow) {
          failStage(new BodyRefusedException(new PutResult.TooSlow()));
        }
        waitedNanos = 0;
        received = 0;
      }
    }
  }
}
