package dev.gapless.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A request as a grammar built it.
 *
 * @param path as {@code docs/openapi.json} names it; empty if that knows none
 * @param headers lines without their ends; without Host and framing, unless they are the point
 * @param key the Idempotency-Key, where it counts
 */
record Request(
    String path,
    String method,
    String target,
    List<String> headers,
    Payload payload,
    Optional<String> key,
    Verdict verdict) {

  /** How the length of a body is told. */
  enum Framing {
    NONE,
    LENGTH,
    CHUNKED,
    ODD_CHUNKS
  }

  record Payload(byte[] bytes, Framing framing) {
    /** So many tiny chunks would take longer than a body may. */
    private static final int MOST_IN_ODD_CHUNKS = 5_000;

    Payload {
      if (framing == Framing.ODD_CHUNKS && bytes.length > MOST_IN_ODD_CHUNKS) {
        framing = Framing.CHUNKED;
      }
    }

    static Payload none() {
      return new Payload(new byte[0], Framing.NONE);
    }

    static Payload of(String text) {
      return new Payload(text.getBytes(StandardCharsets.UTF_8), Framing.LENGTH);
    }
  }

  Request {
    headers = List.copyOf(headers);
  }

  static Request of(
      String path, String method, String target, List<String> headers, Verdict verdict) {
    return new Request(path, method, target, headers, Payload.none(), Optional.empty(), verdict);
  }

  Request with(String header) {
    List<String> more = new ArrayList<>(headers);
    more.add(header);
    return new Request(path, method, target, more, payload, key, verdict);
  }

  Request withPayload(Payload other) {
    return new Request(path, method, target, headers, other, key, verdict);
  }

  Request withVerdict(Verdict other) {
    return new Request(path, method, target, headers, payload, key, other);
  }

  boolean isHead() {
    return method.equals("HEAD");
  }

  /** As bytes; the connection is told to end after it. */
  byte[] bytes(boolean last) {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    if (headers.stream().noneMatch(line -> line.toLowerCase(Locale.ROOT).startsWith("host:"))) {
      head.append("Host: localhost\r\n");
    }
    headers.forEach(line -> head.append(line).append("\r\n"));
    switch (payload.framing()) {
      case NONE -> {}
      case LENGTH -> head.append("Content-Length: ").append(payload.bytes().length).append("\r\n");
      case CHUNKED, ODD_CHUNKS -> head.append("Transfer-Encoding: chunked\r\n");
    }
    if (last) {
      head.append("Connection: close\r\n");
    }
    head.append("\r\n");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(latin(head.toString()));
    switch (payload.framing()) {
      case NONE -> {}
      case LENGTH -> out.writeBytes(payload.bytes());
      case CHUNKED -> chunks(out, payload.bytes(), 1000, "", "");
      case ODD_CHUNKS -> chunks(out, payload.bytes(), 3, ";name=\"a b\"", "X-Trailer: 1\r\n");
    }
    return out.toByteArray();
  }

  private static void chunks(
      ByteArrayOutputStream out, byte[] bytes, int size, String extension, String trailer) {
    for (int at = 0; at < bytes.length; at += size) {
      int length = Math.min(size, bytes.length - at);
      out.writeBytes(latin(Integer.toHexString(length) + extension + "\r\n"));
      out.write(bytes, at, length);
      out.writeBytes(latin("\r\n"));
    }
    out.writeBytes(latin("0\r\n" + trailer + "\r\n"));
  }

  static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
