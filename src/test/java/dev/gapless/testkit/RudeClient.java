package dev.gapless.testkit;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client that sends what it likes, waits for nothing, and goes without a word or with a RST. */
public final class RudeClient implements AutoCloseable {
  private final Socket socket = new Socket();

  private RudeClient() {}

  /**
   * @param reset whether it ends its connection with a RST
   */
  public static RudeClient connect(int port, boolean reset) throws IOException {
    RudeClient client = new RudeClient();
    client.socket.connect(new InetSocketAddress("127.0.0.1", port), 20_000);
    if (reset) {
      client.socket.setSoLinger(true, 0);
    }
    return client;
  }

  /** Returns itself; what the server thinks of it does not matter. */
  public RudeClient send(String bytes) {
    try {
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException refused) {
      // as the server may
    }
    return this;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
