package dev.gapless.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.TcpProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A node's place in the cluster: what stands between its cluster system and those of the others,
 * and what it says about who is in.
 */
final class Membership implements AutoCloseable {
  /** Below the ports that connections are given, so that it is free again after a restart. */
  private static final int LOWEST_PORT = 12_000;

  private static final int HIGHEST_PORT = 32_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What a node sees.
   *
   * @param members addresses with the number of their incarnation, and their state
   */
  record View(Set<String> members, Set<String> unreachable) {
    /** All are up, each of them is heard, and nobody else is there. */
    boolean isWholeClusterOf(Set<String> addresses) {
      Set<String> up = new TreeSet<>();
      for (String member : members) {
        if (member.endsWith(" Up")) {
          up.add(member.substring(0, member.indexOf('#')));
        }
      }
      return unreachable.isEmpty() && up.equals(addresses) && members.size() == addresses.size();
    }
  }

  private final int number;
  private final int port;
  private final int management;
  private final TcpProxy proxy;
  private volatile boolean disturbed;

  private Membership(int number, int port, int management) {
    this.number = number;
    this.port = port;
    this.management = management;
    this.proxy = TcpProxy.to(port);
  }

  static Membership create(int number) {
    return new Membership(number, freePort(), freePort());
  }

  /**
   * What {@code conf/cluster.conf} says, with this network, and quicker to give up a member than by
   * default.
   */
  String config() {
    return """
    gapless.cluster {
      enabled = on
      heartbeat = 300 ms
      stale-after = 3 s
      port = %d
      management { enabled = on, port = %d }
      system.pekko {
        remote.artery {
          bind { hostname = "127.0.0.1", port = %d }
          advanced.tcp.outbound-client-hostname = "%s"
        }
        cluster.failure-detector.acceptable-heartbeat-pause = 2s
        cluster.split-brain-resolver.stable-after = 2s
      }
    }
    """
        .formatted(proxy.port(), management, port, source().getHostAddress());
  }

  /** By this the members know each other. */
  String address() {
    return "pekko://gapless-cluster@127.0.0.1:" + proxy.port();
  }

  /** Where its connections to others come from: one address for each node. */
  private InetAddress source() {
    try {
      return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) (10 + number)});
    } catch (UnknownHostException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Nothing comes to it any more, neither messages nor answers; what it says arrives. */
  void blackHole() {
    disturbed = true;
    proxy.flow(TcpProxy.Flow.BLACK_HOLE);
  }

  /** It hears nothing of these any more. */
  void doNotHear(List<Membership> others) {
    disturbed = true;
    Set<InetAddress> sources = new java.util.HashSet<>();
    others.forEach(other -> sources.add(other.source()));
    proxy.blackHole(sources);
  }

  void heal() {
    if (disturbed) {
      disturbed = false;
      proxy.blackHole(Set.of());
      proxy.flow(TcpProxy.Flow.PASS);
      // connections that have lost bytes stay silent
      proxy.reset();
    }
  }

  /** Empty if it does not answer, such as while one cluster system follows another. */
  Optional<View> view() {
    try (RawHttp http = RawHttp.connect(management, 0, 3_000)) {
      http.write(RawHttp.head("GET /cluster/members HTTP/1.1", new byte[0]));
      RawHttp.Answer answer = http.read(false);
      if (answer.status() != 200) {
        return Optional.empty();
      }
      JsonNode body = JSON.readTree(answer.body());
      Set<String> members = new TreeSet<>();
      for (JsonNode member : body.path("members")) {
        members.add(
            "%s#%s %s"
                .formatted(
                    member.path("node").asText(),
                    member.path("nodeUid").asText(),
                    member.path("status").asText()));
      }
      Set<String> unreachable = new TreeSet<>();
      body.path("unreachable").forEach(member -> unreachable.add(member.path("node").asText()));
      return Optional.of(new View(members, unreachable));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static int freePort() {
    while (true) {
      int candidate = ThreadLocalRandom.current().nextInt(LOWEST_PORT, HIGHEST_PORT);
      try (ServerSocket socket = new ServerSocket(candidate, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        // another one
      }
    }
  }

  @Override
  public void close() {
    proxy.close();
  }
}
