package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A connection is not held for a request that never comes whole, and nothing that goes on is ended.
 */
class RequestDeadlinesTest {
  private static final Duration HEAD = Duration.ofSeconds(1);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(2);
  private static final Duration LONG = KEEP_ALIVE.plus(HEAD);

  private static TestDatabase database;
  private static ServerNode node;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    node =
        ServerNode.start(
            database,
            """
            gapless.server { request-head-timeout = %d s, keep-alive-timeout = %d s }
            gapless.hub.heartbeat = 300 ms
            """
                .formatted(HEAD.toSeconds(), KEEP_ALIVE.toSeconds()));
  }

  @AfterAll
  static void stop() {
    node.stop();
    database.close();
    node.close();
  }

  @Test
  void whoNeverAsksIsShownOut() throws Exception {
    List<Callable<Void>> clients = new ArrayList<>();
    clients.add(RequestDeadlinesTest::sendsNothing);
    clients.add(RequestDeadlinesTest::sendsBytesOneByOne);
    for (int i = 0; i < 100; i++) {
      clients.add(RequestDeadlinesTest::sendsHalfAHead);
    }
    for (String method : List.of("GET", "HEAD")) {
      clients.add(() -> asksOnceAndThen(method, ""));
      clients.add(() -> asksOnceAndThen(method, "GET /health/li"));
    }
    atOnce(clients);
  }

  @Test
  void whatGoesOnIsLeftAlone() throws Exception {
    byte[] contents = new byte[8 << 20];
    assertThat(RawHttp.send(node.port(), "PUT /v1/files/slow/b HTTP/1.1", contents).status())
        .isEqualTo(201);
    atOnce(
        List.of(
            RequestDeadlinesTest::asksAgainAndAgain,
            RequestDeadlinesTest::watchesAStream,
            RequestDeadlinesTest::pollsForLong,
            RequestDeadlinesTest::uploadsSlowly,
            () -> downloadsSlowly(contents.length)));
  }

  private static Void sendsNothing() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      assertThat(http.hasNext()).isFalse();
    }
    return null;
  }

  private static Void sendsHalfAHead() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(bytes("GET /health/live HTTP/1.1\r\nHost: localh"));
      assertTooLate(http);
    }
    return null;
  }

  private static void assertTooLate(RawHttp http) throws IOException {
    Answer answer = http.read(false);
    assertThat(answer.status()).isEqualTo(408);
    assertThat(answer.header("content-type")).contains("application/problem+json");
    assertThat(http.hasNext()).isFalse();
  }

  /** Each of them would win time if it counted from the last one. */
  private static Void sendsBytesOneByOne() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      byte[] head = bytes("GET /health/live HTTP/1.1\r\nX-Long: " + "x".repeat(1000));
      int[] sent = {0};
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(50))
          .until(
              () -> {
                try {
                  http.write(new byte[] {head[sent[0]++]});
                  return false;
                } catch (IOException ended) {
                  return true;
                }
              });
      assertThat(sent[0]).isLessThan(head.length);
    }
    return null;
  }

  private static Void asksOnceAndThen(String method, String rest) throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(RawHttp.head(method + " /v1/events?live=false HTTP/1.1", new byte[0]));
      assertThat(http.read(method.equals("HEAD")).status()).isEqualTo(200);
      http.write(bytes(rest));
      if (rest.isEmpty()) {
        assertThat(http.hasNext()).isFalse();
      } else {
        assertTooLate(http);
      }
    }
    return null;
  }

  private static Void asksAgainAndAgain() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      long end = System.nanoTime() + LONG.toNanos();
      while (System.nanoTime() < end) {
        http.write(RawHttp.head("GET /health/live HTTP/1.1", new byte[0]));
        assertThat(http.read(false).status()).isEqualTo(200);
      }
    }
    return null;
  }

  private static Void watchesAStream() {
    try (EventClient client = EventClient.watch(node, "/v1/events?owner=long")) {
      pass(LONG);
      assertThat(node.publish("{\"owner\":\"long\",\"path\":\"/a\",\"type\":\"t\"}").statusCode())
          .isEqualTo(201);
      await().atMost(Duration.ofSeconds(20)).until(() -> client.count() == 1);
      assertThat(client.connects()).isEqualTo(1);
    }
    return null;
  }

  private static Void pollsForLong() throws IOException {
    String target = "GET /v1/events?owner=poll&wait=" + LONG.toSeconds() + " HTTP/1.1";
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(RawHttp.head(target, new byte[0], "Accept: application/json"));
      assertThat(http.read(false).status()).isEqualTo(200);
    }
    return null;
  }

  private static Void uploadsSlowly() throws IOException {
    try (RawHttp http = RawHttp.connect(node.port())) {
      http.write(
          RawHttp.head("PUT /v1/files/slow/a HTTP/1.1", new byte[0], "Transfer-Encoding: chunked"));
      long end = System.nanoTime() + LONG.toNanos();
      int[] chunks = {0};
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(100))
          .until(
              () -> {
                http.write(bytes("1000\r\n" + "x".repeat(0x1000) + "\r\n"));
                chunks[0]++;
                return System.nanoTime() > end;
              });
      http.write(bytes("0\r\n\r\n"));
      assertThat(http.read(false).status()).isEqualTo(201);
      Answer stored = RawHttp.get(node.port(), "/v1/files/slow/a");
      assertThat(stored.body()).hasSize(chunks[0] * 0x1000);
    }
    return null;
  }

  /** More than the system's buffers take over. */
  private static Void downloadsSlowly(int length) throws IOException {
    try (RawHttp http = RawHttp.connect(node.port(), 4096, 20_000)) {
      http.write(RawHttp.head("GET /v1/files/slow/b HTTP/1.1", new byte[0]));
      Answer head = http.readHead();
      pass(LONG);
      assertThat(http.readBody(head, false).body()).hasSize(length);
    }
    return null;
  }

  private static void pass(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    await().atMost(time.plusSeconds(30)).until(() -> System.nanoTime() > end);
  }

  private static void atOnce(List<Callable<Void>> clients)
      throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(clients.size());
    try {
      for (Future<Void> client : threads.invokeAll(clients)) {
        client.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
