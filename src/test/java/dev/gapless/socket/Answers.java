package dev.gapless.socket;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.scaladsl.model.EntityStreamSizeException;
import org.apache.pekko.japi.function.Function;
import org.apache.pekko.stream.BoundedSourceQueue;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import scala.Option;

/** What the servers of these tests answer, by the first part of the path. */
final class Answers implements Function<HttpRequest, CompletionStage<HttpResponse>> {
  private static final long serialVersionUID = 1L;
  private static final int PIECE = 10_007;

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final transient ActorSystem<?> system;
  private final transient List<String> asked = new CopyOnWriteArrayList<>();
  private final transient Queue<Stream> streams = new ConcurrentLinkedQueue<>();
  private final transient Queue<CompletableFuture<Done>> downloads = new ConcurrentLinkedQueue<>();
  private final transient Map<String, CompletableFuture<HttpResponse>> promised =
      new ConcurrentHashMap<>();

  Answers(ActorSystem<?> system) {
    this.system = system;
  }

  /**
   * One answer that is a stream.
   *
   * @param elements what it sends
   * @param ended how its end was noticed
   */
  record Stream(BoundedSourceQueue<ByteString> elements, CompletableFuture<Done> ended) {
    void offer(String text) {
      elements.offer(ByteString.fromString(text));
    }
  }

  @Override
  public CompletionStage<HttpResponse> apply(HttpRequest request) {
    String path = request.getUri().path();
    asked.add(path);
    String[] parts = path.split("/");
    return switch (parts[1]) {
      case "hello" -> done(HttpResponse.create().withEntity("hello"));
      case "remote" ->
          done(
              HttpResponse.create()
                  .withEntity(
                      "" + request.getAttribute(AttributeKeys.remoteAddress).get().getPort()));
      case "strict" ->
          done(HttpResponse.create().withEntity(bytes(0, Integer.parseInt(parts[2])).toArray()));
      case "pieces" -> done(pieces(Integer.parseInt(parts[2])));
      case "echo" ->
          done(
              HttpResponse.create()
                  .withEntity(
                      HttpEntities.createChunked(
                          ContentTypes.APPLICATION_OCTET_STREAM, request.entity().getDataBytes())));
      case "collect" ->
          request
              .entity()
              .toStrict(LIMIT.toMillis(), system)
              .thenApply(body -> HttpResponse.create().withEntity(body));
      case "ignore" -> done(HttpResponse.create().withEntity("not read"));
      case "stream" -> done(stream());
      case "promise" -> promised.computeIfAbsent(path, unused -> new CompletableFuture<>());
      case "fail" -> CompletableFuture.failedFuture(new IllegalStateException("as it has to"));
      case "too-large" ->
          CompletableFuture.failedFuture(
              new EntityStreamSizeException(1, Option.apply((Object) 2L)));
      case "throw" -> throw new IllegalStateException("as it has to");
      case "cut" -> done(cut());
      default -> done(HttpResponse.create().withStatus(404));
    };
  }

  /** The paths, in the order of the requests. */
  List<String> asked() {
    return asked;
  }

  /** The streams that were asked for, the oldest first. */
  Queue<Stream> streams() {
    return streams;
  }

  /** The ends of what was asked for in pieces, the oldest first. */
  Queue<CompletableFuture<Done>> downloads() {
    return downloads;
  }

  /** Answers who asked for the path, or will. */
  void keep(String path) {
    promised
        .computeIfAbsent(path, unused -> new CompletableFuture<>())
        .complete(HttpResponse.create().withEntity("kept"));
  }

  /** These bytes of an endless row in which no two places look alike. */
  static ByteString bytes(int from, int to) {
    byte[] bytes = new byte[to - from];
    for (int i = from; i < to; i++) {
      int word = (i >>> 2) * 0x9E3779B1;
      bytes[i - from] = (byte) (word >>> (8 * (i & 3)));
    }
    return ByteString.fromArrayUnsafe(bytes);
  }

  private HttpResponse pieces(int size) {
    CompletableFuture<Done> ended = new CompletableFuture<>();
    downloads.add(ended);
    return HttpResponse.create()
        .withEntity(
            HttpEntities.createCloseDelimited(
                ContentTypes.APPLICATION_OCTET_STREAM,
                Source.from(() -> IntStream.iterate(0, i -> i < size, i -> i + PIECE).iterator())
                    .map(from -> bytes(from, Math.min(size, from + PIECE)))
                    .watchTermination((unused, end) -> follow(end, ended))));
  }

  private HttpResponse stream() {
    CompletableFuture<Done> ended = new CompletableFuture<>();
    return HttpResponse.create()
        .withEntity(
            HttpEntities.createChunked(
                ContentTypes.APPLICATION_OCTET_STREAM,
                Source.<ByteString>queue(100)
                    .watchTermination(Keep.both())
                    .mapMaterializedValue(
                        both -> {
                          follow(both.second(), ended);
                          streams.add(new Stream(both.first(), ended));
                          return both;
                        })));
  }

  private static HttpResponse cut() {
    return HttpResponse.create()
        .withEntity(
            HttpEntities.createChunked(
                ContentTypes.APPLICATION_OCTET_STREAM,
                Source.single(ByteString.fromString("begun"))
                    .concat(Source.failed(new IllegalStateException("as it has to")))));
  }

  private static Object follow(CompletionStage<Done> end, CompletableFuture<Done> ended) {
    end.whenComplete(
        (done, failure) -> {
          if (failure == null) {
            ended.complete(done);
          } else {
            ended.completeExceptionally(failure);
          }
        });
    return end;
  }

  private static CompletionStage<HttpResponse> done(HttpResponse response) {
    return CompletableFuture.completedFuture(response);
  }
}
