package dev.gapless.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What Linux tells about the TCP connections of this machine (or container) to whoever asks: {@code
 * /proc/net/tcp} and {@code tcp6}. Java has no other way to learn whether the peer acknowledges
 * what the kernel has taken over.
 */
final class TcpTable {
  private static final List<Path> TABLES =
      List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));

  // the columns: sl local remote state tx:rx timer:when retransmits uid probes inode …
  private static final int LOCAL = 1;
  private static final int REMOTE = 2;
  private static final int QUEUES = 4;
  private static final int RETRANSMITS = 6;
  private static final int PROBES = 8;
  private static final int COLUMNS = 10;

  private TcpTable() {}

  /** Both ends of a connection. */
  record Ends(InetSocketAddress local, InetSocketAddress remote) {}

  /**
   * What the peer has not answered.
   *
   * @param bytes sent or waiting to be sent, and not acknowledged
   * @param attempts how often the kernel has tried since the last answer
   */
  record Unanswered(long bytes, int attempts) {}

  /** Whether this system has such tables. */
  static boolean isAvailable() {
    return Files.isReadable(TABLES.get(0));
  }

  /** The connections on which the kernel has tried in vain, at least once. */
  static Map<Ends, Unanswered> unanswered() throws IOException {
    Map<Ends, Unanswered> found = new HashMap<>();
    for (Path table : TABLES) {
      // without IPv6 there is no second one
      if (Files.isReadable(table)) {
        new String(Files.readAllBytes(table), StandardCharsets.US_ASCII)
            .lines()
            .skip(1)
            .forEach(line -> add(line, found));
      }
    }
    return found;
  }

  static void add(String line, Map<Ends, Unanswered> found) {
    String[] fields = line.strip().split(" +", COLUMNS + 1);
    if (fields.length < COLUMNS) {
      return;
    }
    int retransmits = Integer.parseInt(fields[RETRANSMITS], 16);
    // one probe of a closed window may just be under way
    int probes = Math.max(0, Integer.parseInt(fields[PROBES]) - 1);
    if (retransmits > 0 || probes > 0) {
      String queues = fields[QUEUES];
      long bytes = Long.parseLong(queues.substring(0, queues.indexOf(':')), 16);
      found.put(
          new Ends(address(fields[LOCAL]), address(fields[REMOTE])),
          new Unanswered(bytes, retransmits + probes));
    }
  }

  /** Hexadecimal: the address in words as the processor holds them, a colon, the port. */
  private static InetSocketAddress address(String text) {
    int colon = text.indexOf(':');
    ByteBuffer bytes = ByteBuffer.allocate(colon / 2).order(ByteOrder.nativeOrder());
    for (int word = 0; word < colon; word += 8) {
      bytes.putInt(Integer.parseUnsignedInt(text.substring(word, word + 8), 16));
    }
    try {
      // IPv4 in the form of IPv6 becomes IPv4, as Java shows it elsewhere
      InetAddress address = InetAddress.getByAddress(bytes.array());
      return new InetSocketAddress(address, Integer.parseInt(text.substring(colon + 1), 16));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
