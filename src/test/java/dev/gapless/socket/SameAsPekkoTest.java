package dev.gapless.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.socket.TestServer.Kind;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.pekko.Done;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** To its clients our server is the one of Pekko: byte for byte, and in how connections end. */
class SameAsPekkoTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int LARGE = 20_000_000;

  private static final Map<Kind, TestServer> servers = new EnumMap<>(Kind.class);

  /** What a client does up to its last request. */
  private interface Script {
    void run(Client client) throws IOException;
  }

  @BeforeAll
  static void start() throws IOException {
    for (Kind kind : Kind.values()) {
      servers.put(
          kind,
          TestServer.start(
              kind,
              """
              pipelining-limit = 4
              request-timeout = 1 s
              parsing.max-content-length = 100000000
              """));
    }
  }

  @AfterAll
  static void stop() {
    servers.values().forEach(TestServer::close);
  }

  static Stream<Arguments> scripts() {
    String post = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ";
    return Stream.of(
        script("one request", client -> client.getAndClose("/hello")),
        script(
            "one after the other",
            client -> {
              client.get("/hello");
              client.readUntil("hello");
              client.get("/strict/1000");
              client.readHead();
              client.in().readNBytes(1000);
              client.getAndClose("/hello");
            }),
        script(
            "pipelined",
            client ->
                client.send(
                    "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
                        + "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                        + "HEAD /strict/5 HTTP/1.1\r\nHost: h\r\n\r\n"
                        + "GET /strict/200000 HTTP/1.1\r\nHost: h\r\n\r\n"
                        + "GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")),
        script("HTTP/1.0", client -> client.send("GET /hello HTTP/1.0\r\nHost: h\r\n\r\n")),
        script(
            "byte by byte",
            client -> {
              for (char c : ("POST /echo" + post + "4\r\n\r\nbody").toCharArray()) {
                client.send(String.valueOf(c));
              }
            }),
        script(
            "chunks",
            client ->
                client.send(
                    "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")),
        script(
            "expects 100",
            client -> {
              client.send("POST /collect" + post + "3\r\nExpect: 100-continue\r\n\r\n");
              assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
              client.send("abc");
            }),
        script(
            "expects 100 and is answered",
            client -> client.send("POST /ignore" + post + "3\r\nExpect: 100-continue\r\n\r\n")),
        script("sends no request", Client::shutdownOutput),
        script("asks and ends", client -> client.getAndClose("/hello").shutdownOutput()),
        script(
            "asks for two and ends",
            client -> client.get("/hello").getAndClose("/hello").shutdownOutput()),
        script(
            "asks for much and ends",
            client -> client.getAndClose("/strict/5000000").shutdownOutput()),
        script("ends in a head", client -> client.send("GET /hello HT").shutdownOutput()),
        script("is no HTTP", client -> client.send("\u0016\u0003\u0001\r\n\r\n")),
        script("has no host", client -> client.send("GET /hello HTTP/1.1\r\n\r\n")),
        script(
            "announces too much",
            client -> client.send("POST /collect" + post + "100000001\r\n\r\n")),
        script("a handler that fails", client -> client.get("/fail")),
        script("a handler that fails in a known way", client -> client.get("/too-large")),
        script("a handler that throws", client -> client.get("/throw")),
        script("a handler that never answers", client -> client.get("/promise/never")),
        script("a request behind one that fails", client -> client.get("/fail").get("/hello")));
  }

  private static Arguments script(String name, Script script) {
    return Arguments.of(name, script);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scripts")
  void tellsTheSame(String name, Script script) throws IOException {
    Map<Kind, String> told = new EnumMap<>(Kind.class);
    for (Map.Entry<Kind, TestServer> server : servers.entrySet()) {
      try (Client client = server.getValue().connect()) {
        script.run(client);
        told.put(server.getKey(), client.transcript());
      }
    }
    assertThat(told.get(Kind.OURS)).isEqualTo(told.get(Kind.PEKKO));
  }

  /** That something is missing. How much came before depends on how fast the server is. */
  @ParameterizedTest
  @EnumSource
  void resetsWhatItCannotFinish(Kind kind) throws IOException {
    try (Client client = servers.get(kind).connect()) {
      assertThat(client.get("/cut").transcript()).endsWith("RESET").doesNotContain("\r\n0\r\n");
    }
  }

  @ParameterizedTest
  @EnumSource
  void takesALargeBodyAndGivesItBack(Kind kind) throws Exception {
    byte[] body = Answers.bytes(0, LARGE).toArray();
    try (Client client = servers.get(kind).connect()) {
      CompletableFuture<byte[]> back =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  client.readHead();
                  return client.readToEnd();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              },
              task -> new Thread(task, "reader").start());
      // HTTP/1.0: the answer is not in chunks
      client.send("POST /echo HTTP/1.0\r\nHost: h\r\nContent-Length: " + LARGE + "\r\n\r\n");
      client.send(body);
      assertThat(back.get()).isEqualTo(body);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sendsMuchToWhoReadsLittleAtATime(Kind kind) throws IOException {
    byte[] expected = Answers.bytes(0, LARGE).toArray();
    for (String target : new String[] {"/strict/" + LARGE, "/pieces/" + LARGE}) {
      try (Client client = Client.connect(servers.get(kind).port(), 4096)) {
        client.getAndClose(target);
        client.readHead();
        assertThat(client.readToEnd()).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoHasAskedMayEndItsSide(Kind kind) throws IOException {
    TestServer server = servers.get(kind);
    try (Client client = server.connect()) {
      client.get("/stream").shutdownOutput();
      client.readHead();
      Answers.Stream stream = next(server);
      TcpStates.awaitEndOfInput(server.port(), client.localPort());
      stream.offer("one");
      client.readUntil("one\r\n");
      stream.offer("two");
      client.readUntil("two\r\n");
      stream.elements().complete();
      assertThat(client.transcript()).isEqualTo("0\r\n\r\nEND");
      assertThat(stream.ended().join()).isEqualTo(Done.getInstance());
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoGoesQuietlyIsMissedWithTheNextWords(Kind kind) throws IOException {
    TestServer server = servers.get(kind);
    Client client = server.connect();
    client.get("/stream").readHead();
    Answers.Stream stream = next(server);
    int port = client.localPort();
    client.close();
    TcpStates.awaitEndOfInput(server.port(), port);
    assertThat(stream.ended()).isNotDone();
    await()
        .atMost(LIMIT)
        .until(
            () -> {
              stream.offer("is anybody there?");
              return stream.ended().isDone();
            });
    TcpStates.awaitGone(server.port(), port);
  }

  @ParameterizedTest
  @EnumSource
  void whoResetsIsMissedAtOnce(Kind kind) throws IOException {
    TestServer server = servers.get(kind);
    Client client = server.connect();
    client.get("/stream").readHead();
    Answers.Stream stream = next(server);
    stream.offer("one");
    client.readUntil("one\r\n");
    int port = client.localPort();
    client.reset();
    // nothing more is written
    await().atMost(LIMIT).until(stream.ended()::isDone);
    TcpStates.awaitGone(server.port(), port);
  }

  @ParameterizedTest
  @EnumSource
  void whoResetsInTheMiddleEndsTheStream(Kind kind) throws IOException {
    TestServer server = servers.get(kind);
    Client client = Client.connect(server.port(), 4096);
    client.get("/pieces/2000000000").readHead();
    int port = client.localPort();
    client.reset();
    CompletableFuture<Done> ended = server.answers().downloads().poll();
    await().atMost(LIMIT).until(ended::isDone);
    TcpStates.awaitGone(server.port(), port);
  }

  /** As the deadlines for requests do it. */
  @ParameterizedTest
  @EnumSource
  void whoseInputIsShutDownIsShownOutWhenIdle(Kind kind) throws IOException {
    try (TestServer server = TestServer.start(kind, "");
        Client idle = server.connect();
        Client half = server.connect()) {
      idle.get("/hello").readUntil("\r\n\r\nhello");
      half.get("/hello").readUntil("\r\n\r\nhello");
      half.send("GET /hel");
      TcpStates.awaitInputRead(server.port(), half.localPort());
      server.accepted().remove().shutdownInput();
      assertThat(idle.transcript()).isEqualTo("END");
      server.accepted().remove().shutdownInput();
      assertThat(half.transcript()).startsWith("HTTP/1.1 400 ").endsWith("END");
    }
  }

  /** As it is done to clients that have vanished. */
  @ParameterizedTest
  @EnumSource
  void whoseSocketIsShutDownIsAborted(Kind kind) throws IOException {
    try (TestServer server = TestServer.start(kind, "");
        Client client = server.connect()) {
      client.get("/stream").readHead();
      Socket accepted = server.accepted().remove();
      accepted.setSoLinger(true, 0);
      accepted.shutdownOutput();
      accepted.shutdownInput();
      Answers.Stream stream = next(server);
      await().atMost(LIMIT).until(stream.ended()::isDone);
      client.isEnded();
      TcpStates.awaitGone(server.port(), client.localPort());
    }
  }

  private static Answers.Stream next(TestServer server) {
    return await()
        .atMost(LIMIT)
        .until(() -> server.answers().streams().poll(), stream -> stream != null);
  }

  @ParameterizedTest
  @EnumSource
  void requestsKnowWhoSentThem(Kind kind) throws IOException {
    try (TestServer server = TestServer.start(kind, "remote-address-attribute = on");
        Client client = server.connect()) {
      client.getAndClose("/remote");
      client.readHead();
      assertThat(new String(client.readToEnd(), StandardCharsets.US_ASCII))
          .isEqualTo("" + client.localPort());
    }
  }
}
