package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.http.TcpTable.Ends;
import dev.gapless.http.TcpTable.Unanswered;
import dev.gapless.testkit.SseClient;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Connections whose clients do not answer: how they are found and ended. */
class TcpTableTest {
  // as Linux 6.18 on x86 shows them
  private static final String IPV4 =
      "   1: 0100007F:1F90 0200007F:D431 01 00000020:00000000 01:0000010E 00000007     0        0 2996826 2 0000 2611 4 30 1 -1";
  private static final String MAPPED =
      "  30: 0000000000000000FFFF0000DD7F12C6:AB2B 0000000000000000FFFF0000DE7F12C6:B772 01 000001A8:00000000 01:0000010E 0000000E     0        0 2996826 2 0000 2611 4 30 1 -1";
  private static final String IPV6 =
      "  31: B80D0120000000000000000001000000:1F90 B80D0120000000000000000002000000:1F91 01 00000020:00000000 04:0000010E 00000000     0        3 2996826 2 0000 2611 4 30 1 -1";
  private static final String ANSWERS =
      "   2: 0100007F:1F90 0200007F:D432 01 00000028:00000000 01:00000013 00000000     0        0 2986109 4 0000 20 4 1 18 -1";
  private static final String CLOSED_WINDOW =
      "   3: 0100007F:1F90 0200007F:D433 01 00010028:00000000 04:00000013 00000000     0        1 2986109 4 0000 20 4 1 18 -1";

  @Test
  void tellsWhoDoesNotAnswer() {
    assumeThat(ByteOrder.nativeOrder()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    assertThat(found(IPV4))
        .containsExactly(
            Map.entry(ends("127.0.0.1", 8080, "127.0.0.2", 54321), new Unanswered(32, 7)));
    assertThat(found(MAPPED))
        .containsExactly(
            Map.entry(
                ends("198.18.127.221", 43819, "198.18.127.222", 46962), new Unanswered(424, 14)));
    assertThat(found(IPV6))
        .containsExactly(
            Map.entry(ends("2001:db8::1", 8080, "2001:db8::2", 8081), new Unanswered(32, 2)));
  }

  @Test
  void saysNothingOfClientsThatAnswer() {
    assertThat(found(ANSWERS)).isEmpty();
    // its kernel answers each probe; one may be under way
    assertThat(found(CLOSED_WINDOW)).isEmpty();
    assertThat(found("")).isEmpty();
  }

  @Test
  void theServerEndsAConnectionThatIsGivenUp() throws Exception {
    try (HttpTestNode node = HttpTestNode.start("");
        SseClient given = SseClient.open(node.port(), "/v1/events");
        SseClient other = SseClient.open(node.port(), "/v1/events")) {
      given.await("gapless.live");
      other.await("gapless.live");
      AcceptedConnections connections = node.services.connections();
      var all = connections.open();
      assertThat(all).hasSize(2);

      AcceptedConnections.end(all.get(0));
      await().until(() -> node.services.openStreams() == 1);
      await().until(() -> connections.open().size() == 1);
    }
  }

  private static Map<Ends, Unanswered> found(String line) {
    Map<Ends, Unanswered> found = new HashMap<>();
    TcpTable.add(line, found);
    return found;
  }

  private static Ends ends(String local, int localPort, String remote, int remotePort) {
    return new Ends(
        new InetSocketAddress(local, localPort), new InetSocketAddress(remote, remotePort));
  }
}
