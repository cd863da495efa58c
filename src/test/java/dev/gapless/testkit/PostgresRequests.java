package dev.gapless.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Reads along what a client sends to PostgreSQL (protocol 3, portion by portion), and tells which
 * statements it executes: by their text, also when they have been prepared long ago.
 */
final class PostgresRequests {
  private static final int SSL_REQUEST = 80877103;
  private static final int GSS_REQUEST = 80877104;
  // of a message with large parameters only the beginning matters
  private static final int KEPT = 64 * 1024;

  private final Consumer<String> onStatement;
  private final Map<String, String> prepared = new HashMap<>();
  private final AtomicInteger upgrades = new AtomicInteger();
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private boolean started;
  private long missing = 4;
  private boolean inBody;
  private char type;

  PostgresRequests(Consumer<String> onStatement) {
    this.onStatement = onStatement;
  }

  /** Requests for TLS since the last call: each is answered with a single byte. */
  int takeRefusedUpgrades() {
    return upgrades.getAndSet(0);
  }

  void read(byte[] bytes, int length) {
    int at = 0;
    while (at < length) {
      int part = (int) Math.min(missing, length - at);
      message.write(bytes, at, Math.min(part, Math.max(0, KEPT - message.size())));
      at += part;
      missing -= part;
      while (missing == 0) {
        complete();
      }
    }
  }

  /** Either a header or a body is there. */
  private void complete() {
    byte[] read = message.toByteArray();
    message.reset();
    if (!inBody) {
      int skip = started ? 1 : 0;
      type = started ? (char) read[0] : ' ';
      missing = ByteBuffer.wrap(read).getInt(skip) - 4L;
      inBody = true;
      return;
    }
    if (started) {
      onMessage(read);
    } else {
      onFirst(ByteBuffer.wrap(read).getInt());
    }
    inBody = false;
    missing = started ? 5 : 4;
  }

  private void onFirst(int code) {
    if (code == SSL_REQUEST || code == GSS_REQUEST) {
      upgrades.incrementAndGet();
    } else {
      started = true;
    }
  }

  private void onMessage(byte[] body) {
    if (type == 'Q') {
      onStatement.accept(text(body, 0));
    } else if (type == 'P') {
      String name = text(body, 0);
      String sql = text(body, name.getBytes(StandardCharsets.UTF_8).length + 1);
      prepared.put(name, sql);
    } else if (type == 'B') {
      String portal = text(body, 0);
      String name = text(body, portal.getBytes(StandardCharsets.UTF_8).length + 1);
      Optional.ofNullable(prepared.get(name)).ifPresent(onStatement);
    }
  }

  private static String text(byte[] body, int from) {
    int end = from;
    while (end < body.length && body[end] != 0) {
      end++;
    }
    return new String(body, from, Math.max(0, end - from), StandardCharsets.UTF_8);
  }
}
