package dev.gapless.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What is sent over one connection.
 *
 * @param guarded to the node that wants tokens
 * @param http2 in frames of HTTP/2, which that node speaks too; one request then
 * @param requests what it was built from
 * @param bytes what is sent
 * @param exact whether the bytes are those of the requests; otherwise they were changed, and nobody
 *     knows what they ask for
 * @param leaves whether the client goes away without waiting for an answer
 */
record Attempt(
    boolean guarded,
    boolean http2,
    List<Request> requests,
    byte[] bytes,
    boolean exact,
    boolean leaves) {

  private static final int SHOWN = 3_000;

  static Attempt of(boolean guarded, List<Request> requests) {
    return new Attempt(guarded, false, requests, render(requests), true, false);
  }

  static Attempt ofHttp2(Request request) {
    return new Attempt(true, true, List.of(request), Http2.render(request), true, false);
  }

  static Attempt ofBytes(boolean guarded, byte[] bytes) {
    return new Attempt(guarded, false, List.of(), bytes, false, false);
  }

  Attempt changed(byte[] other) {
    return new Attempt(guarded, http2, requests, other, false, leaves);
  }

  /** Only the first bytes are sent, then the client goes away. */
  Attempt leavingAfter(double part) {
    int length = (int) Math.round(bytes.length * part);
    return new Attempt(guarded, http2, requests, Arrays.copyOf(bytes, length), false, true);
  }

  private static byte[] render(List<Request> requests) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < requests.size(); i++) {
      out.writeBytes(requests.get(i).bytes(i == requests.size() - 1));
    }
    return out.toByteArray();
  }

  /** Whether to wait until the server has had enough: of changed bytes for a few only. */
  boolean isPatient() {
    return exact || Math.floorMod(Arrays.hashCode(bytes), 8) == 0;
  }

  /** Whether changed bytes may still ask for a head only. */
  boolean mayBeHead() {
    return new String(bytes, StandardCharsets.ISO_8859_1).contains("HEAD ");
  }

  /** Where one of its requests goes, for counting. */
  String face(int index) {
    if (requests.isEmpty()) {
      return "raw bytes";
    }
    Request request = requests.get(Math.min(index, requests.size() - 1));
    return (exact ? "" : "changed ")
        + (http2 ? "HTTP/2 " : "")
        + (request.path().isEmpty() ? "other" : request.path());
  }

  /** The bytes, readable and exact. */
  static String readable(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      char c = (char) (b & 0xff);
      if (c == '\n') {
        text.append("\\n\n");
      } else if (c == '\r') {
        text.append("\\r");
      } else if (c == '\\') {
        text.append("\\\\");
      } else if (c >= 0x20 && c < 0x7f) {
        text.append(c);
      } else {
        text.append("\\x%02x".formatted((int) c));
      }
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return (guarded ? "to the node with tokens" : "to the open node")
        + (http2 ? ", in HTTP/2" : "")
        + (leaves ? ", leaving" : "")
        + ":\n"
        + readable(bytes.length > SHOWN ? Arrays.copyOf(bytes, SHOWN) : bytes)
        + (bytes.length > SHOWN ? "… (%d bytes in all)".formatted(bytes.length) : "");
  }
}
