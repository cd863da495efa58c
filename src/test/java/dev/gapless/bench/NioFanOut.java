package dev.gapless.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The limit for fan-out on a machine: nothing but one thread that copies encoded frames into
 * sockets, everything that a connection has not got yet in one write. It invents its events.
 *
 * <p>Arguments: connections, bytes of a frame. Prints its port; begins when all are there; ends
 * when its input does.
 */
final class NioFanOut {
  private static final int FRAMES_IN_A_BATCH = 20;

  /** Pending for a connection at most, as much as a node hands over at once. */
  private static final int MOST_PENDING = 64 << 10;

  private static final class Connection {
    private final SocketChannel channel;
    private ByteBuffer pending = ByteBuffer.allocate(0);
    private int batch;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private NioFanOut() {}

  public static void main(String[] arguments) throws IOException {
    int count = Integer.parseInt(arguments[0]);
    int frameBytes = Integer.parseInt(arguments[1]);
    Thread ended =
        new Thread(
            () -> {
              try {
                System.in.transferTo(java.io.OutputStream.nullOutputStream());
              } catch (IOException e) {
                // it has ended as well
              }
              Runtime.getRuntime().halt(0);
            });
    ended.setDaemon(true);
    ended.start();
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress("127.0.0.1", 0), 4096);
      System.out.println(server.socket().getLocalPort());
      List<Connection> connections = accept(server, count);
      run(connections, frameBytes);
    }
  }

  private static List<Connection> accept(ServerSocketChannel server, int count) throws IOException {
    List<Connection> connections = new ArrayList<>();
    ByteBuffer request = ByteBuffer.allocate(4096);
    byte[] answer =
        ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                + chunk("event: gapless.live\ndata: {}\n\n"))
            .getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < count; i++) {
      SocketChannel channel = server.accept();
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      // the whole request comes in one piece
      channel.read(request.clear());
      channel.write(ByteBuffer.wrap(answer));
      channel.configureBlocking(false);
      connections.add(new Connection(channel));
    }
    return connections;
  }

  private static void run(List<Connection> connections, int frameBytes) throws IOException {
    Selector selector = Selector.open();
    for (Connection connection : connections) {
      connection.channel.register(selector, SelectionKey.OP_WRITE, connection);
    }
    List<byte[]> batches = new ArrayList<>();
    while (true) {
      selector.select(
          key -> {
            Connection connection = (Connection) key.attachment();
            try {
              if (!connection.pending.hasRemaining()) {
                connection.pending = next(connection, batches, frameBytes);
              }
              connection.channel.write(connection.pending);
            } catch (IOException gone) {
              key.cancel();
            }
          });
    }
  }

  private static ByteBuffer next(Connection connection, List<byte[]> batches, int frameBytes) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (body.size() < MOST_PENDING / 2) {
      if (connection.batch == batches.size()) {
        batches.add(batch(batches.size(), frameBytes));
      }
      body.writeBytes(batches.get(connection.batch++));
    }
    ByteArrayOutputStream chunk = new ByteArrayOutputStream(body.size() + 16);
    chunk.writeBytes(
        (Integer.toHexString(body.size()) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    chunk.writeBytes(body.toByteArray());
    chunk.writeBytes(new byte[] {'\r', '\n'});
    return ByteBuffer.wrap(chunk.toByteArray());
  }

  private static byte[] batch(int number, int frameBytes) {
    StringBuilder frames = new StringBuilder();
    for (int i = 1; i <= FRAMES_IN_A_BATCH; i++) {
      String head =
          "id: " + ((long) number * FRAMES_IN_A_BATCH + i) + "-0abcd\nevent: note\ndata: ";
      frames.append(head).append("x".repeat(frameBytes - head.length() - 2)).append("\n\n");
    }
    return frames.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static String chunk(String text) {
    return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
  }
}
