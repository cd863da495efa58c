package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.acceptance.TwoNodes.Pair;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.ServerNode;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Uploads do not hold back the log, however large or slow they are. */
@ExtendWith(TwoNodes.class)
class UploadLatencyTest {
  private static final long LARGE = 100_000_000;
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int BASELINE = 100;

  @Test
  void aLargeUploadAndASlowOneDoNotDelayOtherSubscribers(Pair nodes) throws Exception {
    String owner = "latency-" + MARKER;
    try (EventClient subscriber = EventClient.watch(nodes.b, "/v1/events?owner=" + owner);
        Connection writer = nodes.database.dataSource().getConnection()) {
      await().until(() -> !subscriber.controls("gapless.live").isEmpty());
      Map<Long, Long> quiet = new TreeMap<>();
      while (quiet.size() < BASELINE) {
        append(writer, owner, quiet);
      }
      Map<Long, Long> busy = new TreeMap<>();
      try (Socket drip = new Socket("127.0.0.1", nodes.b.port())) {
        startSlowUpload(drip);
        CompletableFuture<HttpResponse<String>> large =
            CompletableFuture.supplyAsync(() -> upload(nodes.b));
        while (!large.isDone() || busy.size() < BASELINE) {
          append(writer, owner, busy);
          if (busy.size() % 50 == 0) {
            drip.getOutputStream().write('x');
          }
        }
        assertThat(large.join().statusCode()).as(large.join().body()).isEqualTo(201);
      }
      await().until(() -> subscriber.count() == quiet.size() + busy.size());
      List<Long> before = delays(subscriber, quiet);
      List<Long> during = delays(subscriber, busy);
      System.out.printf(
          "commit to subscriber, ms: quiet p50 %d, p95 %d; during uploads (%d events) p50 %d, p95"
              + " %d, at most %d%n",
          at(before, 50),
          at(before, 95),
          during.size(),
          at(during, 50),
          at(during, 95),
          at(during, 100));
      // held back by an upload they would take as long as it does
      assertThat(at(during, 50)).isLessThan(at(before, 50) + 100);
      assertThat(at(during, 95)).isLessThan(at(before, 95) + 500);
    }
  }

  private static void append(Connection writer, String owner, Map<Long, Long> committed)
      throws SQLException {
    try (PreparedStatement insert =
        writer.prepareStatement("SELECT gapless.publish(?, '/tick', 'tick', '1')")) {
      insert.setString(1, owner);
      try (ResultSet rows = insert.executeQuery()) {
        rows.next();
        committed.put(rows.getLong(1), System.nanoTime());
      }
    }
    LockSupport.parkNanos(PAUSE.toNanos());
  }

  private static void startSlowUpload(Socket socket) throws Exception {
    socket
        .getOutputStream()
        .write(
            ("PUT /v1/files/slow-%s/pub/slow HTTP/1.1\r\nHost: localhost\r\n".formatted(MARKER)
                    + "Content-Length: 1000000\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
  }

  private static HttpResponse<String> upload(ServerNode node) {
    return node.send(
        HttpRequest.newBuilder(URI.create(node.url() + "/v1/files/large-" + MARKER + "/pub/large"))
            .PUT(BodyPublishers.ofInputStream(Zeros::new)));
  }

  private static List<Long> delays(EventClient subscriber, Map<Long, Long> committed) {
    List<Long> delays = new ArrayList<>();
    for (EventClient.Received event : subscriber.received()) {
      Long at = committed.get(event.position());
      if (at != null) {
        delays.add(Math.max(0, event.nanos() - at) / 1_000_000);
      }
    }
    assertThat(delays).hasSize(committed.size());
    delays.sort(null);
    return delays;
  }

  private static long at(List<Long> sorted, int percent) {
    return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
  }

  private static final class Zeros extends InputStream {
    private long left = LARGE;

    @Override
    public int read() {
      return left-- > 0 ? 0 : -1;
    }

    @Override
    public int read(byte[] into, int from, int length) {
      if (left <= 0) {
        return -1;
      }
      int read = (int) Math.min(left, length);
      left -= read;
      return read;
    }
  }
}
