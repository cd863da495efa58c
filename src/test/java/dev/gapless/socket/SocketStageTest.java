package dev.gapless.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.LoggingTestKit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.StreamTcpException;
import org.apache.pekko.stream.TLSProtocol.SendBytes;
import org.apache.pekko.stream.TLSProtocol.SessionBytes;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A connection under streams that are not HTTP's. */
class SocketStageTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int LARGE = 20_000_000;

  private final CompletableFuture<Done> served = new CompletableFuture<>();
  private final CompletableFuture<Done> stopped = new CompletableFuture<>();
  private ActorSystem<Void> system;
  private SocketLoop loop;

  /** How the streams of a connection are run. */
  private interface Serve {
    void serve(SocketConnection connection, Flow<SslTlsOutbound, SslTlsInbound, ?> flow);
  }

  @BeforeEach
  void startSystem() {
    system = TestServer.system();
  }

  @AfterEach
  void stop() {
    TestServer.end(system);
    loop.stop();
    assertThat(stopped).succeedsWithin(LIMIT);
  }

  @Test
  void whatWasAbortedBeforeItBeganFails() throws IOException {
    int port =
        listen(
            (connection, flow) -> {
              connection.abort();
              serve(Source.maybe(), flow);
            });
    LoggingTestKit.error("preStart")
        .withOccurrences(0)
        .expect(
            system,
            () -> {
              assertThat(connectAndRead(port)).isEqualTo("RESET");
              assertThat(served)
                  .failsWithin(LIMIT)
                  .withThrowableOfType(ExecutionException.class)
                  .withCauseInstanceOf(StreamTcpException.class);
              return served;
            });
  }

  @Test
  void whatWasPushedIsWrittenThoughNobodyReadsAnyMore() throws IOException {
    ByteString bytes = Answers.bytes(0, LARGE);
    int port =
        listen(
            (connection, flow) ->
                Source.<SslTlsOutbound>single(new SendBytes(bytes))
                    .via(flow)
                    .runWith(Sink.cancelled(), system));
    try (Client client = Client.connect(port, 4096)) {
      assertThat(client.readToEnd()).isEqualTo(bytes.toArray());
    }
  }

  @Test
  void readsOnePieceAheadAndLosesNone() throws IOException {
    CompletableFuture<Done> first = new CompletableFuture<>();
    CompletableFuture<Done> wanted = new CompletableFuture<>();
    CompletableFuture<String> all = new CompletableFuture<>();
    int port =
        listen(
            (connection, flow) ->
                Source.<SslTlsOutbound>maybe()
                    .via(flow)
                    .map(inbound -> ((SessionBytes) inbound).bytes().utf8String())
                    .mapAsync(
                        1,
                        text -> {
                          first.complete(Done.getInstance());
                          return wanted.thenApply(done -> text);
                        })
                    .runFold("", String::concat, system)
                    .thenAccept(all::complete));
    try (Client client = Client.connect(port)) {
      client.send("one");
      assertThat(first).succeedsWithin(LIMIT);
      client.send(" two");
      TcpStates.awaitInputRead(port, client.localPort());
      client.send(" three").shutdownOutput();
      TcpStates.awaitEndOfInput(port, client.localPort());
      wanted.complete(Done.getInstance());
      assertThat(all).succeedsWithin(LIMIT).isEqualTo("one two three");
    }
  }

  @Test
  void anEmptyPieceIsNoEnd() throws IOException {
    int port =
        listen(
            (connection, flow) ->
                serve(
                    Source.range(0, 9)
                        .map(i -> new SendBytes(ByteString.fromString(i % 3 == 0 ? "" : "" + i))),
                    flow));
    try (Client client = Client.connect(port)) {
      assertThat(client.transcript()).isEqualTo("124578END");
    }
    assertThat(served).succeedsWithin(LIMIT);
  }

  private static String connectAndRead(int port) {
    try {
      return Client.connectAndRead(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int listen(Serve serve) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    int port = server.socket().getLocalPort();
    loop =
        new SocketLoop(
            server,
            10,
            Duration.ofMinutes(1),
            connection ->
                serve.serve(connection, Flow.fromGraph(new SocketStage(connection, noSession()))),
            () -> stopped.complete(Done.getInstance()));
    loop.start();
    return port;
  }

  private void serve(
      Source<? extends SslTlsOutbound, ?> answers, Flow<SslTlsOutbound, SslTlsInbound, ?> flow) {
    answers
        .map(answer -> (SslTlsOutbound) answer)
        .via(flow)
        .toMat(Sink.ignore(), Keep.right())
        .run(system)
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                served.complete(done);
              } else {
                served.completeExceptionally(failure);
              }
            });
  }

  private static SSLSession noSession() {
    try {
      return SSLContext.getDefault().createSSLEngine().getSession();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
