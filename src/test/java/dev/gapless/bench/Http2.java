package dev.gapless.bench;

import dev.gapless.testkit.JavaHeap;
import dev.gapless.testkit.SseParser;
import dev.gapless.testkit.SseParser.Frame;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** What a quiet stream of HTTP/2 holds, where a thousand of them share a connection. */
final class Http2 {
  private static final int CONNECTIONS = 10;
  private static final int OF_A_CONNECTION = 1_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private Http2() {}

  static void run(int rounds) {
    Outcome outcome =
        new Outcome(
            CONNECTIONS * OF_A_CONNECTION
                + " idle streams of HTTP/2 on "
                + CONNECTIONS
                + " connections");
    for (int i = 0; i < rounds; i++) {
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try (Site site = new Site(1, "gapless.server.h2c = on")) {
        // what is needed once is no cost of a stream
        List<Stream> warm = open(site, threads);
        warm.forEach(Stream::end);
        Idle.awaitStreams(site, 0);
        long heap = JavaHeap.live(site.node(0).process().process());
        List<Stream> streams = open(site, threads);
        long grown = JavaHeap.live(site.node(0).process().process()) - heap;
        outcome.add("live heap per stream, bytes", (double) grown / streams.size());
        site.execute("SELECT gapless.publish('acme', '/bench', 'note')");
        String committed =
            site.committed(0, "true").mapToObj(Long::toString).collect(Collectors.joining(","));
        until("complete", () -> streams.stream().allMatch(s -> s.events().equals(committed)));
        streams.forEach(Stream::end);
      } finally {
        threads.shutdownNow();
      }
    }
    outcome.print();
  }

  /** All live. */
  private static List<Stream> open(Site site, ExecutorService threads) {
    List<Stream> streams = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      HttpClient client =
          HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).executor(threads).build();
      // the first one upgrades the connection, which the others then share
      for (int j = 0; j < OF_A_CONNECTION; j++) {
        Stream stream = new Stream(client, site.node(0).port());
        streams.add(stream);
        if (j == 0) {
          until("first", stream::isLive);
        }
      }
    }
    until("live", () -> streams.stream().allMatch(Stream::isLive));
    return streams;
  }

  private static void until(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("not " + what);
      }
      Pace.pause(Duration.ofMillis(50));
    }
  }

  /** One stream and all it got. */
  private static final class Stream {
    private final SseParser parser = new SseParser();
    private final CompletableFuture<HttpResponse<Void>> answer;

    Stream(HttpClient client, int port) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/events?after=now"))
              .header("Accept", "text/event-stream")
              .build();
      answer = client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArrayConsumer(this::take));
    }

    private void take(Optional<byte[]> bytes) {
      synchronized (parser) {
        bytes.ifPresent(parser::feed);
      }
    }

    private List<Frame> frames() {
      synchronized (parser) {
        return parser.frames();
      }
    }

    boolean isLive() {
      if (answer.isCompletedExceptionally()) {
        answer.join();
      }
      return frames().stream().anyMatch(frame -> frame.event().equals("gapless.live"));
    }

    /** The positions of its events. */
    String events() {
      return frames().stream()
          .filter(frame -> !frame.event().startsWith("gapless."))
          .map(frame -> frame.id().substring(0, frame.id().indexOf('-')))
          .collect(Collectors.joining(","));
    }

    void end() {
      answer.cancel(true);
    }
  }
}
