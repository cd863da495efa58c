package dev.gapless.socket;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** What Linux knows of the server's ends of connections to this machine. */
final class TcpStates {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String CLOSE_WAIT = "08";
  private static final String NOTHING_TO_READ = ":00000000";

  private TcpStates() {}

  /** Returns when the client has ended its side and the server has not ended its own. */
  static void awaitEndOfInput(int server, int client) {
    await().atMost(LIMIT).until(() -> state(server, client).filter(CLOSE_WAIT::equals).isPresent());
  }

  /** Returns when the server has read what the client has sent. */
  static void awaitInputRead(int server, int client) {
    await()
        .atMost(LIMIT)
        .until(
            () ->
                line(server, client)
                    .filter(fields -> fields[4].endsWith(NOTHING_TO_READ))
                    .isPresent());
  }

  /** Returns when the server holds the connection no longer. */
  static void awaitGone(int server, int client) {
    await().atMost(LIMIT).until(() -> state(server, client).isEmpty());
  }

  /** Of a socket that a process has open: one that it has closed belongs to the kernel alone. */
  private static Optional<String> state(int local, int remote) throws IOException {
    return line(local, remote).map(fields -> fields[3]);
  }

  // sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode …
  private static Optional<String[]> line(int local, int remote) throws IOException {
    String ends = ":%04X [0-9A-F]+:%04X".formatted(local, remote);
    for (String table : new String[] {"/proc/net/tcp", "/proc/net/tcp6"}) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] fields = line.strip().split("\\s+");
        if ((fields[1] + " " + fields[2]).matches("[0-9A-F]+" + ends) && !fields[9].equals("0")) {
          return Optional.of(fields);
        }
      }
    }
    return Optional.empty();
  }
}
