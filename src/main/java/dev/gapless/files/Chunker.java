package dev.gapless.files;

import java.util.Arrays;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Cuts a body into chunks of one size (the last may be shorter). Copies into an array of its own,
 * so that a body of single bytes costs no more memory than any other. Emits a chunk when it is
 * full, backpressures while downstream does, completes when upstream does, and fails with {@link
 * BodyRefusedException} when the body grows beyond its limit.
 */
final class Chunker extends GraphStage<FlowShape<ByteString, byte[]>> {
  private static final int FIRST_CAPACITY = 4096;

  private final Inlet<ByteString> in = Inlet.create("Chunker.in");
  private final Outlet<byte[]> out = Outlet.create("Chunker.out");
  private final FlowShape<ByteString, byte[]> shape = FlowShape.of(in, out);
  private final int chunkBytes;
  private final long maxBytes;

  Chunker(int chunkBytes, long maxBytes) {
    this.chunkBytes = chunkBytes;
    this.maxBytes = maxBytes;
  }

  @Override
  public FlowShape<ByteString, byte[]> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private ByteString pending = ByteString.emptyByteString();
    private byte[] chunk = new byte[FIRST_CAPACITY];
    private int filled;
    private long total;

    private Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              pending = grab(in);
              total += pending.size();
              if (total > maxBytes) {
                failStage(new BodyRefusedException(new PutResult.TooLarge(maxBytes)));
              } else {
                advance();
              }
            }

            @Override
            public void onPull() {
              advance();
            }

            @Override
            public void onUpstreamFinish() {
              if (pending.isEmpty() && filled == 0) {
                completeStage();
              } else if (isAvailable(out)) {
                advance();
              }
            }
          });
    }

    private void advance() {
      take();
      if (filled == chunkBytes || (filled > 0 && isClosed(in) && pending.isEmpty())) {
        byte[] full = Arrays.copyOf(chunk, filled);
        filled = 0;
        push(out, full);
        if (isClosed(in) && pending.isEmpty()) {
          completeStage();
        }
      } else if (isClosed(in)) {
        completeStage();
      } else if (!hasBeenPulled(in)) {
        pull(in);
      }
    }

    private void take() {
      int taken = Math.min(chunkBytes - filled, pending.size());
      if (taken > 0) {
        if (filled + taken > chunk.length) {
          chunk =
              Arrays.copyOf(
                  chunk, Math.min(chunkBytes, Math.max(2 * chunk.length, filled + taken)));
        }
        pending.take(taken).copyToArray(chunk, filled, taken);
        filled += taken;
        pending = pending.drop(taken);
      }
    }
  }
}
