package dev.gapless.socket;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** A TCP client that knows no HTTP but the end of a head. */
final class Client implements Closeable {
  private static final int TIMEOUT_MILLIS = 30_000;
  private static final int PIECE = 1000;

  private final Socket socket = new Socket();

  private Client() {}

  static Client connect(int port) throws IOException {
    return connect(port, 0);
  }

  /**
   * @param receiveBuffer in bytes; 0: as the system likes it
   */
  static Client connect(int port, int receiveBuffer) throws IOException {
    Client client = new Client();
    if (receiveBuffer > 0) {
      client.socket.setReceiveBufferSize(receiveBuffer);
    }
    client.socket.connect(new InetSocketAddress("127.0.0.1", port), TIMEOUT_MILLIS);
    client.socket.setSoTimeout(TIMEOUT_MILLIS);
    client.socket.setTcpNoDelay(true);
    return client;
  }

  /** How a connection ends that asks for nothing. The end may come before it has well begun. */
  static String connectAndRead(int port) throws IOException {
    try (Client client = connect(port)) {
      return client.transcript();
    } catch (ConnectException refused) {
      throw refused;
    } catch (SocketException reset) {
      return "RESET";
    }
  }

  Client send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  Client send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  Client get(String target) throws IOException {
    return send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  Client getAndClose(String target) throws IOException {
    return send("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }

  Client shutdownOutput() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** Goes with a RST. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  InputStream in() throws IOException {
    return socket.getInputStream();
  }

  /** Up to the last byte of this text. */
  String readUntil(String text) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(text, read.length() - text.length()) < 0) {
      int b = in().read();
      if (b < 0) {
        throw new IOException("ended after " + read);
      }
      read.append((char) b);
    }
    return read.toString();
  }

  String readHead() throws IOException {
    return readUntil("\r\n\r\n");
  }

  /** What comes until the end, in small pieces. */
  byte[] readToEnd() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] piece = new byte[PIECE];
    for (int size = in().read(piece); size >= 0; size = in().read(piece)) {
      all.write(piece, 0, size);
    }
    return all.toByteArray();
  }

  /** All that comes, and how it ends. */
  String transcript() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    String end = "END";
    try {
      byte[] piece = new byte[PIECE];
      for (int size = in().read(piece); size >= 0; size = in().read(piece)) {
        all.write(piece, 0, size);
      }
    } catch (SocketException e) {
      end = "RESET";
    }
    return all.toString(StandardCharsets.ISO_8859_1)
            .replaceAll("Date: [^\r]*", "Date: now")
            .replaceAll("Server: [^\r]*", "Server: it")
        + end;
  }

  /**
   * Whether the server has ended this connection, in whatever way; what comes before is dropped.
   */
  boolean isEnded() throws IOException {
    try {
      return readToEnd().length >= 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  int localPort() {
    return socket.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
