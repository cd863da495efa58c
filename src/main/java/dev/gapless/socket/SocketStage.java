package dev.gapless.socket;

import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLSession;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.StreamTcpException;
import org.apache.pekko.stream.SubscriptionWithCancelException;
import org.apache.pekko.stream.TLSProtocol.SendBytes;
import org.apache.pekko.stream.TLSProtocol.SessionBytes;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * A connection as a stage: what it is pushed is written to the socket at once, in the same turn of
 * the same thread, and the next is asked for when the kernel has taken it all. Reads one piece
 * ahead of demand, so that the end of the connection is noticed without any.
 *
 * <p>Speaks the language of TLS without doing any, as {@code TLSPlacebo} would, since that is what
 * Pekko HTTP's server layer expects below it; bytes of our own would need two stages more.
 */
final class SocketStage extends GraphStage<FlowShape<SslTlsOutbound, SslTlsInbound>> {
  /** What goes through one system call. One for each thread that runs streams. */
  private static final int BUFFER_SIZE = 64 * 1024;

  /** After so many bytes the others get their turn: a replay would go on for megabytes. */
  private static final int TURN = 64 * 1024;

  /** Told to itself: the next turn. */
  private static final int GO_ON = 1 << 28;

  private static final ThreadLocal<ByteBuffer> BUFFER =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(BUFFER_SIZE));

  private final Inlet<SslTlsOutbound> in = Inlet.create("socket.in");
  private final Outlet<SslTlsInbound> out = Outlet.create("socket.out");
  private final FlowShape<SslTlsOutbound, SslTlsInbound> shape = FlowShape.of(in, out);
  private final SocketConnection connection;
  private final SSLSession noSession;

  SocketStage(SocketConnection connection, SSLSession noSession) {
    this.connection = connection;
    this.noSession = noSession;
  }

  @Override
  public FlowShape<SslTlsOutbound, SslTlsInbound> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private ByteString unwritten = ByteString.emptyByteString();
    private ByteString ahead = ByteString.emptyByteString();
    private final AsyncCallback<Integer> ready = createAsyncCallback(this::onReady);
    private int writtenInTurn;
    private boolean nothingMoreToWrite;
    private boolean abort = true;

    Logic() {
      super(shape);
      setHandler(
          in,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              if (grab(in) instanceof SendBytes bytes) {
                unwritten = bytes.bytes();
              }
              write();
            }

            @Override
            public void onUpstreamFinish() {
              nothingMoreToWrite = true;
              closeWhenWritten();
            }
          });
      setHandler(
          out,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              if (!ahead.isEmpty()) {
                ByteString bytes = ahead;
                ahead = ByteString.emptyByteString();
                hand(bytes);
              }
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
              if (cause instanceof SubscriptionWithCancelException.NonFailureCancellation) {
                closeWhenWritten();
              } else {
                failStage(cause);
              }
            }
          });
    }

    @Override
    public void preStart() {
      // the end of one direction is not the end of the connection
      setKeepGoing(true);
      connection.tell(ready::invoke);
      pull(in);
      // last, since it fails if the connection has ended
      want(OP_READ);
    }

    @Override
    public void postStop() {
      connection.close(abort);
    }

    private void onReady(int operations) {
      if ((operations & SocketConnection.ABORT) != 0) {
        fail("ended from our side");
        return;
      }
      if ((operations & GO_ON) != 0 && !isClosed(in)) {
        pull(in);
      }
      // a kernel that has room says so only when a third of its buffer is free: it is tried first
      if ((operations & (OP_WRITE | SocketConnection.STALLED)) != 0) {
        write();
      }
      if ((operations & SocketConnection.STALLED) != 0
          && !unwritten.isEmpty()
          && connection.isStalled()) {
        fail("nothing was taken in time");
      }
      if ((operations & OP_READ) != 0 && !isClosed(out)) {
        read();
      }
    }

    private void write() {
      ByteBuffer buffer = BUFFER.get();
      try {
        while (!unwritten.isEmpty()) {
          int size = unwritten.copyToBuffer(buffer.clear());
          int written = connection.write(buffer.flip());
          writtenInTurn += written;
          unwritten =
              written == unwritten.size() ? ByteString.emptyByteString() : unwritten.drop(written);
          if (written < size) {
            want(OP_WRITE);
            return;
          }
        }
      } catch (IOException e) {
        fail(String.valueOf(e.getMessage()));
        return;
      }
      connection.written();
      if (nothingMoreToWrite) {
        closeWhenWritten();
      } else if (writtenInTurn >= TURN) {
        writtenInTurn = 0;
        // not from here: what a stage tells itself is still of the same turn
        materializer().executionContext().execute(() -> ready.invoke(GO_ON));
      } else if (!hasBeenPulled(in)) {
        pull(in);
      }
    }

    private void closeWhenWritten() {
      if (unwritten.isEmpty()) {
        abort = false;
        completeStage();
      }
    }

    private void read() {
      ByteBuffer buffer = BUFFER.get().clear();
      int size;
      try {
        size = connection.read(buffer);
      } catch (IOException e) {
        fail(String.valueOf(e.getMessage()));
        return;
      }
      if (size > 0) {
        ByteString bytes = ByteString.fromByteBuffer(buffer.flip());
        if (isAvailable(out)) {
          hand(bytes);
        } else {
          ahead = bytes;
        }
      } else if (size < 0) {
        if (connection.isOutputShutdown()) {
          fail("both directions were shut down");
        } else {
          complete(out);
        }
      } else {
        want(OP_READ);
      }
    }

    private void hand(ByteString bytes) {
      push(out, new SessionBytes(noSession, bytes));
      want(OP_READ);
    }

    private void want(int operation) {
      try {
        connection.want(operation);
      } catch (IOException e) {
        fail(String.valueOf(e.getMessage()));
      }
    }

    private void fail(String message) {
      failStage(new StreamTcpException("The connection closed with error: " + message));
    }
  }
}
