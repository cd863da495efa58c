package dev.gapless.socket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One accepted connection: its socket, and the stream that is told of it. */
final class SocketConnection {
  /** What the stream is told besides the operations of the selector. */
  static final int ABORT = 1 << 30;

  static final int STALLED = 1 << 29;

  private final SocketChannel channel;
  private final SocketLoop loop;
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable SelectionKey key;
  private volatile @Nullable IntConsumer stream;
  private volatile boolean aborted;
  private volatile long progress = System.nanoTime();

  SocketConnection(SocketChannel channel, SocketLoop loop) {
    this.channel = channel;
    this.loop = loop;
  }

  void registered(SelectionKey key) {
    this.key = key;
  }

  Socket socket() {
    return channel.socket();
  }

  boolean isOutputShutdown() {
    return channel.socket().isOutputShutdown();
  }

  /**
   * @throws IOException if it has ended
   */
  InetSocketAddress remote() throws IOException {
    if (channel.getRemoteAddress() instanceof InetSocketAddress remote) {
      return remote;
    }
    throw new IOException("not connected");
  }

  /** Who is told of what this connection asked for, on the thread of the loop. */
  void tell(IntConsumer stream) {
    this.stream = stream;
    if (aborted) {
      // before it began, or while
      stream.accept(ABORT);
    }
  }

  void ready(int operations) {
    IntConsumer told = stream;
    if (told != null) {
      told.accept(operations);
    }
  }

  void abort() {
    aborted = true;
    if (stream == null) {
      close(true);
    } else {
      ready(ABORT);
    }
  }

  /** Tells the stream if the kernel has taken nothing for so long. */
  void lookIfStalled() {
    if (isStalled()) {
      ready(STALLED);
    }
  }

  boolean isStalled() {
    return System.nanoTime() - progress > loop.stallTimeout();
  }

  /** Asks to be told, once, when the socket is ready for the operation. */
  void want(int operation) throws IOException {
    try {
      if (operation == SelectionKey.OP_WRITE && loop.writing(this)) {
        progress = System.nanoTime();
      }
      if (key != null) {
        key.interestOpsOr(operation);
      }
      loop.changed();
    } catch (CancelledKeyException | ClosedSelectorException e) {
      loop.written(this);
      throw new IOException("closed", e);
    }
  }

  int read(ByteBuffer buffer) throws IOException {
    return channel.read(buffer);
  }

  /** As many bytes as the kernel takes. */
  int write(ByteBuffer buffer) throws IOException {
    int written = channel.write(buffer);
    if (written > 0) {
      progress = System.nanoTime();
    }
    return written;
  }

  /** All that had to be written is. */
  void written() {
    loop.written(this);
  }

  /**
   * @param abort forgets what the kernel has not sent yet, and tells the peer that something is
   *     missing
   */
  void close(boolean abort) {
    if (closed.getAndSet(true)) {
      return;
    }
    try {
      if (abort) {
        channel.socket().setSoLinger(true, 0);
      }
    } catch (IOException | RuntimeException e) {
      // it has ended meanwhile
    }
    try {
      channel.close();
    } catch (IOException e) {
      // it has ended meanwhile
    }
    loop.closed(this);
  }
}
