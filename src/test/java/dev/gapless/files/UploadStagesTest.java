package dev.gapless.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UploadStagesTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 99, 100, 101, 200, 12_345})
  void chunksAreOfOneSizeAndHoldAllBytes(int size) throws Exception {
    byte[] body = new byte[size];
    new Random(size).nextBytes(body);
    for (int piece : new int[] {1, 7, 100, 250, 100_000}) {
      List<byte[]> chunks =
          get(
              pieces(body, piece)
                  .via(new Chunker(100, Long.MAX_VALUE))
                  .runWith(Sink.seq(), KIT.system()));
      ByteArrayOutputStream joined = new ByteArrayOutputStream();
      for (int i = 0; i < chunks.size(); i++) {
        assertThat(chunks.get(i).length).isEqualTo(i < chunks.size() - 1 ? 100 : lastOf(size));
        joined.writeBytes(chunks.get(i));
      }
      assertThat(joined.toByteArray()).isEqualTo(body);
    }
  }

  @Test
  void aBodyBeyondTheLimitIsRefused() throws Exception {
    Source<ByteString, ?> body = pieces(new byte[1001], 10);
    CompletionStage<List<byte[]>> allowed =
        pieces(new byte[1000], 10).via(new Chunker(100, 1000)).runWith(Sink.seq(), KIT.system());
    assertThat(get(allowed)).hasSize(10);
    assertThatThrownBy(
            () -> get(body.via(new Chunker(100, 1000)).runWith(Sink.seq(), KIT.system())))
        .cause()
        .isInstanceOfSatisfying(
            BodyRefusedException.class,
            e -> assertThat(e.answer()).isEqualTo(new PutResult.TooLarge(1000)));
  }

  @Test
  void aBodyThatDripsIsRefused() {
    Source<ByteString, ?> body =
        Source.tick(Duration.ZERO, Duration.ofMillis(50), ByteString.fromString("x")).take(100);
    assertThatThrownBy(
            () ->
                get(
                    body.via(new PaceGuard(1000, Duration.ofMillis(300)))
                        .runWith(Sink.ignore(), KIT.system())))
        .cause()
        .isInstanceOfSatisfying(
            BodyRefusedException.class,
            e -> assertThat(e.answer()).isEqualTo(new PutResult.TooSlow()));
  }

  @Test
  void aSlowDatabaseIsNotTheClientsFault() throws Exception {
    List<ByteString> taken =
        get(
            Source.repeat(ByteString.fromString("x"))
                .via(new PaceGuard(1000, Duration.ofMillis(200)))
                .throttle(1, Duration.ofMillis(100))
                .take(10)
                .runWith(Sink.seq(), KIT.system()));
    assertThat(taken).hasSize(10);
  }

  private static int lastOf(int size) {
    return size % 100 == 0 ? 100 : size % 100;
  }

  private static Source<ByteString, ?> pieces(byte[] body, int size) {
    List<ByteString> pieces = new ArrayList<>();
    for (int at = 0; at < body.length; at += size) {
      pieces.add(ByteString.fromArray(body, at, Math.min(size, body.length - at)));
    }
    return Source.from(pieces);
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
