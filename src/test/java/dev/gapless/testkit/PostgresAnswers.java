package dev.gapless.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/**
 * Reads along what PostgreSQL sends to a client (protocol 3, portion by portion), and leaves out
 * notifications where it is told to.
 */
final class PostgresAnswers {
  private static final char NOTIFICATION = 'A';
  private static final int HEADER = 5;

  private final byte[] header = new byte[HEADER];
  private int inHeader;
  private long body;
  private boolean dropping;
  private int single;

  /**
   * @param upgrades refused requests for TLS whose one byte is still to come
   * @return what the client gets; the beginning of a message may come with the next portion
   */
  byte[] pass(byte[] bytes, int length, int upgrades, boolean swallow) {
    single += upgrades;
    ByteArrayOutputStream passed = new ByteArrayOutputStream(length + HEADER);
    int at = 0;
    while (at < length) {
      if (single > 0) {
        passed.write(bytes[at++]);
        single--;
      } else if (body > 0) {
        int part = (int) Math.min(body, length - at);
        if (!dropping) {
          passed.write(bytes, at, part);
        }
        at += part;
        body -= part;
      } else {
        header[inHeader++] = bytes[at++];
        if (inHeader == HEADER) {
          inHeader = 0;
          body = ByteBuffer.wrap(header).getInt(1) - 4L;
          dropping = swallow && header[0] == NOTIFICATION;
          if (!dropping) {
            passed.write(header, 0, HEADER);
          }
        }
      }
    }
    return passed.toByteArray();
  }
}
