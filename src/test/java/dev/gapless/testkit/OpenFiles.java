package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The descriptors of another process, as Linux lists them in {@code /proc}.
 *
 * @param own what counts: {@code socket 7F000001:1F90 → … ESTABLISHED}, {@code file /…}, {@code
 *     anon_inode:[eventpoll]}; neither jars, which a JVM opens when it first needs them, nor what
 *     is in {@code held}
 * @param held connections to a port of the process whose client, on this machine, holds them open:
 *     such as those of {@link java.net.http.HttpClient}, which keeps connections for the next
 *     request
 * @param closeWait connections whose peer has ended them and that the process has not closed
 * @param deleted open files that are no longer in any folder
 */
record OpenFiles(
    List<String> own, List<String> held, List<String> closeWait, List<String> deleted) {
  private static final String LISTEN = "0A";
  private static final String ESTABLISHED = "01";
  private static final String CLOSE_WAIT = "08";
  private static final String MAPPED = "0000000000000000FFFF0000";

  /** Addresses in the hexadecimal form of {@code /proc/net/tcp}. */
  private record TcpSocket(String local, String remote, String state) {
    String localPort() {
      return local.substring(local.indexOf(':'));
    }

    TcpSocket otherEnd() {
      return new TcpSocket(remote, local, state);
    }
  }

  static OpenFiles of(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    Map<String, TcpSocket> sockets = new HashMap<>();
    readSockets(process.resolve("net/tcp"), sockets);
    readSockets(process.resolve("net/tcp6"), sockets);
    List<String> targets = targets(process.resolve("fd"));
    Set<String> listening = new HashSet<>();
    for (String target : targets) {
      TcpSocket socket = sockets.get(target);
      if (socket != null && socket.state().equals(LISTEN)) {
        listening.add(socket.localPort());
      }
    }
    Set<TcpSocket> all = Set.copyOf(sockets.values());
    OpenFiles files =
        new OpenFiles(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (String target : targets) {
      files.add(target, sockets, listening, all);
    }
    return files;
  }

  private void add(
      String target, Map<String, TcpSocket> sockets, Set<String> listening, Set<TcpSocket> all) {
    TcpSocket socket = sockets.get(target);
    if (socket == null) {
      if (target.endsWith("(deleted)")) {
        deleted.add(target);
      }
      if (!target.endsWith(".jar") && !target.endsWith("/lib/modules")) {
        own.add(target);
      }
      return;
    }
    String text = "socket " + socket.local() + " to " + socket.remote() + ", " + name(socket);
    if (socket.state().equals(CLOSE_WAIT)) {
      closeWait.add(text);
    }
    boolean accepted = listening.contains(socket.localPort());
    if (accepted && socket.state().equals(ESTABLISHED) && all.contains(socket.otherEnd())) {
      held.add(text);
    } else {
      own.add(text);
    }
  }

  private static String name(TcpSocket socket) {
    return switch (socket.state()) {
      case ESTABLISHED -> "ESTABLISHED";
      case CLOSE_WAIT -> "CLOSE_WAIT";
      case LISTEN -> "LISTEN";
      default -> "state " + socket.state();
    };
  }

  /** Where the links point; those that were closed meanwhile are left out. */
  private static List<String> targets(Path folder) {
    List<String> targets = new ArrayList<>();
    try (Stream<Path> links = Files.list(folder)) {
      for (Path link : links.toList()) {
        try {
          targets.add(Files.readSymbolicLink(link).toString());
        } catch (IOException closed) {
          // between the list and the look
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return targets;
  }

  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
  private static void readSockets(Path table, Map<String, TcpSocket> sockets) {
    try {
      for (String line : Files.readAllLines(table)) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length > 9 && !fields[0].equals("sl")) {
          sockets.put(
              "socket:[" + fields[9] + "]",
              new TcpSocket(plain(fields[1]), plain(fields[2]), fields[3]));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** IPv4 on an IPv6 socket as on a socket of its own. */
  private static String plain(String address) {
    return address.startsWith(MAPPED) ? address.substring(MAPPED.length()) : address;
  }
}
