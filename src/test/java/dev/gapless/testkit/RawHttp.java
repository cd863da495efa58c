package dev.gapless.testkit;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** An HTTP/1.1 client that sends exactly the bytes it is given: no client library would. */
public final class RawHttp implements Closeable {
  private static final int TIMEOUT_MILLIS = 20_000;

  private final Socket socket;
  private final InputStream in;

  private RawHttp(int port, int receiveBuffer, int timeoutMillis) throws IOException {
    socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress("127.0.0.1", port), timeoutMillis);
    socket.setSoTimeout(timeoutMillis);
    socket.setTcpNoDelay(true);
    in = new java.io.BufferedInputStream(socket.getInputStream());
  }

  public static RawHttp connect(int port) throws IOException {
    return new RawHttp(port, 0, TIMEOUT_MILLIS);
  }

  /**
   * @param receiveBuffer in bytes; 0: as the system likes it
   * @param timeoutMillis how long a read may wait
   */
  public static RawHttp connect(int port, int receiveBuffer, int timeoutMillis) throws IOException {
    return new RawHttp(port, receiveBuffer, timeoutMillis);
  }

  /** How long each read from the server may take from now on. */
  public void waitAtMost(int millis) throws IOException {
    socket.setSoTimeout(millis);
  }

  /** One request on a connection of its own; header lines without line ends. */
  public static Answer send(int port, String requestLine, String body, String... headers)
      throws IOException {
    return send(port, requestLine, body.getBytes(StandardCharsets.UTF_8), headers);
  }

  public static Answer send(int port, String requestLine, byte[] body, String... headers)
      throws IOException {
    try (RawHttp http = connect(port)) {
      http.write(head(requestLine, body, headers));
      http.write(body);
      return http.read(requestLine.startsWith("HEAD "));
    }
  }

  public static Answer get(int port, String target, String... headers) throws IOException {
    return send(port, "GET " + target + " HTTP/1.1", "", headers);
  }

  /** The head for {@link #send}: Host and Content-Length are added unless given. */
  public static byte[] head(String requestLine, byte[] body, String... headers) {
    StringBuilder head = new StringBuilder(requestLine).append("\r\n");
    boolean host = false;
    boolean length = false;
    for (String header : headers) {
      String lower = header.toLowerCase(Locale.ROOT);
      host |= lower.startsWith("host:");
      length |= lower.startsWith("content-length:") || lower.startsWith("transfer-encoding:");
      head.append(header).append("\r\n");
    }
    if (!host) {
      head.append("Host: localhost\r\n");
    }
    if (!length && body.length > 0) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  public void write(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /** The bytes of the body as they arrive, for streams: read the head first. */
  public InputStream body(Answer head) {
    return head.isChunked() ? new ChunkedStream(in) : in;
  }

  public Answer read(boolean isHead) throws IOException {
    return readBody(readHead(), isHead);
  }

  /** What comes, whatever it is. */
  public InputStream stream() {
    return in;
  }

  /** Whether there is another answer; false if the server has ended the connection instead. */
  public boolean hasNext() throws IOException {
    in.mark(1);
    boolean more = in.read() >= 0;
    in.reset();
    return more;
  }

  /** The answer whose head was read, with its body. */
  public Answer readBody(Answer head, boolean isHead) throws IOException {
    if (isHead || head.status() < 200 || head.status() == 204 || head.status() == 304) {
      return head;
    }
    byte[] body;
    Optional<String> length = head.header("content-length");
    if (head.isChunked()) {
      body = new ChunkedStream(in).readAllBytes();
    } else if (length.isPresent()) {
      body = in.readNBytes(Integer.parseInt(length.get()));
    } else {
      body = in.readAllBytes();
    }
    return new Answer(head.status(), head.headers(), body);
  }

  public Answer readHead() throws IOException {
    String status = readLine();
    Map<String, List<String>> headers = new TreeMap<>();
    for (String line = readLine(); !line.isEmpty(); line = readLine()) {
      int colon = line.indexOf(':');
      headers
          .computeIfAbsent(
              line.substring(0, colon).toLowerCase(Locale.ROOT), unused -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    return new Answer(Integer.parseInt(status.split(" ")[1]), headers, new byte[0]);
  }

  /** Whether the server has ended the connection (reads what is left). */
  public boolean isEnded() throws IOException {
    return in.readAllBytes().length >= 0;
  }

  private String readLine() throws IOException {
    return readLine(in);
  }

  private static String readLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int b = in.read();
    while (b != '\n') {
      if (b < 0) {
        throw new IOException("the connection ended");
      }
      if (b != '\r') {
        line.write(b);
      }
      b = in.read();
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** An answer; header names are in lower case. */
  public record Answer(int status, Map<String, List<String>> headers, byte[] body) {
    public Optional<String> header(String name) {
      List<String> values = headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
      return values.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", values));
    }

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    boolean isChunked() {
      return header("transfer-encoding").orElse("").equals("chunked");
    }
  }

  private static final class ChunkedStream extends InputStream {
    private final InputStream in;
    private int left;
    private boolean ended;
    private boolean first = true;

    ChunkedStream(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      if (!fill()) {
        return -1;
      }
      left--;
      int b = in.read();
      if (b < 0) {
        throw new IOException("cut inside a chunk");
      }
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int count = in.read(bytes, offset, Math.min(length, left));
      if (count < 0) {
        throw new IOException("cut inside a chunk");
      }
      left -= count;
      return count;
    }

    private boolean fill() throws IOException {
      if (ended) {
        return false;
      }
      if (left == 0) {
        if (!first) {
          readLine(in);
        }
        first = false;
        left = Integer.parseInt(readLine(in).split(";")[0].strip(), 16);
        if (left == 0) {
          ended = true;
          readLine(in);
        }
      }
      return !ended;
    }
  }
}
