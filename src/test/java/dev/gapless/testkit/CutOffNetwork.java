package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A second machine, as far as TCP can tell: a network namespace with a kernel stack of its own,
 * joined to this one by a pair of virtual interfaces. {@link #cut()} makes it vanish: what is sent
 * to it gets lost, and nothing comes back, no FIN, no RST, no ICMP. Only root may have one.
 */
public final class CutOffNetwork implements AutoCloseable {
  // 198.18.0.0/15 is set aside for tests of networks
  private final int block = ThreadLocalRandom.current().nextInt(64 * 256);
  private final String prefix = "198.18." + block / 64 + ".";
  private final String here = prefix + (block % 64 * 4 + 1);
  private final String there = prefix + (block % 64 * 4 + 2);
  private final String name = "gapless-" + ProcessHandle.current().pid() + "-" + block;
  private final String link = "gp" + block;
  private final List<Process> processes = new ArrayList<>();

  private CutOffNetwork() {}

  /** Empty, with the reason printed, where this user or system does not allow it. */
  public static Optional<CutOffNetwork> create() {
    CutOffNetwork network = new CutOffNetwork();
    try {
      network.build();
      return Optional.of(network);
    } catch (IllegalStateException e) {
      System.out.println("no network namespace can be made here: " + e.getMessage());
      network.close();
      return Optional.empty();
    }
  }

  private void build() {
    ip("netns", "add", name);
    ip("link", "add", link, "type", "veth", "peer", "name", "far", "netns", name);
    ip("address", "add", here + "/30", "dev", link);
    ip("link", "set", link, "up");
    ip("-netns", name, "address", "add", there + "/30", "dev", "far");
    ip("-netns", name, "link", "set", "far", "up");
    // as behind a router: what is sent leaves, whether or not anybody is there
    ip("neighbour", "replace", there, "lladdr", farAddress(), "dev", link, "nud", "permanent");
  }

  private String farAddress() {
    String link = ip("-netns", name, "-oneline", "link", "show", "far");
    String[] words = link.substring(link.indexOf("link/ether")).split(" ");
    return words[1];
  }

  /** This side's address: a server has to listen on it (or on all). */
  public String address() {
    return here;
  }

  /** Subscribers over there; returns when all have got something. */
  public void subscribe(int port, String target, int count) {
    try {
      Process process =
          new ProcessBuilder(
                  "ip",
                  "netns",
                  "exec",
                  name,
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx128m",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  StreamSwarm.class.getName(),
                  here,
                  Integer.toString(port),
                  target,
                  Integer.toString(count))
              .redirectErrorStream(true)
              .start();
      processes.add(process);
      String said =
          new String(
              process.getInputStream().readNBytes(("open " + count).length()),
              StandardCharsets.UTF_8);
      if (!said.equals("open " + count)) {
        throw new IllegalStateException(
            said + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on everything sent over there gets lost on its way. */
  public void cut() {
    // the far side drops what it is sent to it; a link that goes down would be seen on this side
    ip("-netns", name, "address", "flush", "dev", "far");
    ip("-netns", name, "route", "add", "blackhole", "default");
  }

  /** Kills the subscribers; their kernel ends the connections, if it still can. */
  public void endProcesses() {
    processes.forEach(Process::destroyForcibly);
    for (Process process : processes) {
      Awaitility.await().until(() -> process.waitFor(100, TimeUnit.MILLISECONDS));
    }
    processes.clear();
  }

  @Override
  public void close() {
    endProcesses();
    quietly("link", "delete", link);
    quietly("netns", "delete", name);
  }

  private static void quietly(String... arguments) {
    try {
      ip(arguments);
    } catch (IllegalStateException e) {
      // it was never made
    }
  }

  private static String ip(String... arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + ": " + output.strip());
      }
      return output;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
