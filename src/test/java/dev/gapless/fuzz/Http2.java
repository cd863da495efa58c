package dev.gapless.fuzz;

import dev.gapless.testkit.RawHttp.Answer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.pekko.http.shaded.com.twitter.hpack.Decoder;

/**
 * As much of HTTP/2 without TLS as one request and its answer need, and nothing that would correct
 * a request: every header goes out as it is, in the longest form of HPACK.
 */
final class Http2 {
  private static final byte[] PREFACE = Request.latin("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  /** More would have to wait for the windows of the server. */
  static final int LARGEST_BODY = 65_535;

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int LARGEST_FRAME = 16_384;

  /** Those of a connection mean nothing here. */
  private static final Set<String> OF_CONNECTIONS =
      Set.of("connection", "transfer-encoding", "host", "upgrade", "te");

  private Http2() {}

  /** Everything a client sends for the request, on a connection of its own. */
  static byte[] render(Request request) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(PREFACE);
    // windows so wide that no answer ever waits
    bytes.writeBytes(frame(SETTINGS, 0, 0, new byte[] {0, 4, 0x7f, -1, -1, -1}));
    bytes.writeBytes(frame(WINDOW_UPDATE, 0, 0, new byte[] {0x7f, 0, 0, 0}));
    byte[] headers = headers(request);
    byte[] body = request.payload().bytes();
    boolean hasBody = request.payload().framing() != Request.Framing.NONE;
    bytes.writeBytes(frame(HEADERS, hasBody ? END_HEADERS : END_HEADERS | END_STREAM, 1, headers));
    int size = request.payload().framing() == Request.Framing.ODD_CHUNKS ? 1_000 : LARGEST_FRAME;
    for (int at = 0; hasBody && at <= body.length; at += size) {
      int length = Math.min(size, body.length - at);
      byte[] part = Arrays.copyOfRange(body, at, at + length);
      bytes.writeBytes(frame(DATA, at + size > body.length ? END_STREAM : 0, 1, part));
    }
    return bytes.toByteArray();
  }

  private static byte[] headers(Request request) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    String authority = "localhost";
    List<String[]> fields = new ArrayList<>();
    for (String line : request.headers()) {
      String name = line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT);
      String value = line.substring(line.indexOf(':') + 1).strip();
      if (name.equals("host")) {
        authority = value;
      }
      if (!OF_CONNECTIONS.contains(name)) {
        fields.add(new String[] {name, value});
      }
    }
    field(block, ":method", request.method());
    field(block, ":scheme", "http");
    field(block, ":path", request.target());
    field(block, ":authority", authority);
    fields.forEach(field -> field(block, field[0], field[1]));
    return block.toByteArray();
  }

  /** Literal, not indexed, not compressed (RFC 7541, 6.2.2). */
  private static void field(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    string(block, Request.latin(name));
    string(block, Request.latin(value));
  }

  private static void string(ByteArrayOutputStream block, byte[] bytes) {
    int rest = bytes.length;
    if (rest < 127) {
      block.write(rest);
    } else {
      block.write(127);
      for (rest -= 127; rest >= 128; rest /= 128) {
        block.write(rest % 128 + 128);
      }
      block.write(rest);
    }
    block.writeBytes(bytes);
  }

  private static byte[] frame(int type, int flags, int stream, byte[] payload) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeByte(payload.length >> 16);
      out.writeShort(payload.length);
      out.writeByte(type);
      out.writeByte(flags);
      out.writeInt(stream);
      out.write(payload);
      return bytes.toByteArray();
    } catch (IOException impossibleInMemory) {
      throw new UncheckedIOException(impossibleInMemory);
    }
  }

  /** The whole answer, if there is one. */
  static Optional<Answer> answer(InputStream in) throws IOException {
    Reader reader = new Reader(in);
    boolean more = true;
    while (more) {
      more = reader.next();
    }
    return reader.answer();
  }

  /** Reads the frames of an answer as they come. */
  static final class Reader {
    private final DataInputStream in;
    private final Decoder decoder = new Decoder(65_536, 4_096);
    private final Map<String, List<String>> headers = new TreeMap<>();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private boolean ended;

    Reader(InputStream in) {
      this.in = new DataInputStream(in);
    }

    /**
     * Reads one frame.
     *
     * @return false after the last
     */
    boolean next() throws IOException {
      int first = in.read();
      if (ended || first < 0) {
        return false;
      }
      int length = first << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = in.readNBytes(length);
      if (type == HEADERS && stream == 1) {
        decoder.decode(
            new ByteArrayInputStream(payload),
            (name, value, parsed, sensitive) -> {
              headers.computeIfAbsent(name, unused -> new ArrayList<>()).add(value);
              return null;
            });
        decoder.endHeaderBlock();
        ended = (flags & END_STREAM) != 0;
      } else if (type == DATA && stream == 1) {
        body.writeBytes(payload);
        ended = (flags & END_STREAM) != 0;
      } else if (type == GOAWAY || type == RST_STREAM) {
        ended = true;
      }
      return !ended;
    }

    /** What has come so far, if there was a head. */
    Optional<Answer> answer() {
      return headers.containsKey(":status")
          ? Optional.of(
              new Answer(
                  Integer.parseInt(headers.get(":status").get(0)), headers, body.toByteArray()))
          : Optional.empty();
    }

    int size() {
      return body.size();
    }
  }
}
