package dev.gapless.files;

import static dev.gapless.files.FileFixture.CHUNK;
import static dev.gapless.files.FileFixture.get;
import static dev.gapless.files.FileFixture.hash;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.files.PutResult.Stored;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class FileStoreTest {
  private static FileFixture files;

  @BeforeAll
  static void start() {
    files = new FileFixture();
  }

  @AfterAll
  static void stop() {
    files.close();
  }

  @Test
  void aFileIsReadBackWithItsEvent() {
    for (int size : new int[] {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 10 * CHUNK, 50_001}) {
      FileKey key = new FileKey("sizes", "/of/" + size);
      byte[] body = bytes(size);
      int wakes = files.wakes.get();
      Stored stored = (Stored) files.put(key, body);
      assertThat(stored.created()).isTrue();
      assertThat(stored.file()).isEqualTo(get(files.store.find(key)).orElseThrow());
      assertThat(stored.file().size()).isEqualTo(size);
      assertThat(stored.file().contentHash()).isEqualTo(hash(body));
      assertThat(files.read(key)).isEqualTo(body);
      assertThat(files.wakes.get()).isEqualTo(wakes + 1);
      assertThat(
              files.texts(
                  "SELECT data::text FROM gapless.events WHERE id = ?", stored.event().position()))
          .containsExactly(
              "{\"size\": %d, \"content_hash\": \"%s\", \"content_type\": \"text/plain\"}"
                  .formatted(size, hash(body)));
    }
  }

  @Test
  void replacingAndDeletingAppendEventsInOrder() {
    FileKey key = new FileKey("order", "/a");
    assertThat(files.delete(key)).isInstanceOf(DeleteResult.Absent.class);
    files.put(key, "one");
    assertThat(((Stored) files.put(key, "two")).created()).isFalse();
    assertThat(files.delete(key)).isInstanceOf(DeleteResult.Deleted.class);
    assertThat(files.delete(key)).isInstanceOf(DeleteResult.Absent.class);
    assertThat(get(files.store.find(key))).isEmpty();
    assertThat(files.events("order"))
        .containsExactly(
            "PUT /a " + hash("one".getBytes()), "PUT /a " + hash("two".getBytes()), "DEL /a");
    assertThat(get(files.store.registered(List.of("order", "nobody")))).isEqualTo(Set.of("order"));
  }

  @Test
  void aRangeIsTheSamePartOfTheContents() {
    FileKey key = new FileKey("ranges", "/a");
    byte[] body = bytes(5 * CHUNK + 17);
    files.put(key, body);
    StoredFile file = get(files.store.find(key)).orElseThrow();
    long[][] ranges = {
      {0, 0},
      {CHUNK - 1, CHUNK},
      {CHUNK, 2 * CHUNK - 1},
      {5, 4 * CHUNK},
      {0, body.length - 1},
      {body.length - 1, body.length - 1}
    };
    for (long[] range : ranges) {
      assertThat(get(files.collect(files.store.read(file, new ByteRange(range[0], range[1])))))
          .isEqualTo(Arrays.copyOfRange(body, (int) range[0], (int) range[1] + 1));
    }
  }

  /** Conformance case 76. */
  @Test
  void aPathIsAFileOrAFolder() {
    FileKey file = new FileKey("collide", "/pub/foo");
    FileKey below = new FileKey("collide", "/pub/foo/bar/baz");
    FileKey sibling = new FileKey("collide", "/pub/foo-bar");
    files.put(file, "x");
    assertThat(files.put(below, "x")).isInstanceOf(PutResult.Collision.class);
    assertThat(files.put(sibling, "x")).isInstanceOf(Stored.class);
    files.delete(file);
    assertThat(files.put(below, "x")).isInstanceOf(Stored.class);
    assertThat(files.put(file, "x")).isInstanceOf(PutResult.Collision.class);
    files.delete(below);
    assertThat(files.put(file, "x")).isInstanceOf(Stored.class);
  }

  /** Conformance case 77. */
  @Test
  void theQuotaCountsWhatTheFilesTake() {
    byte[] body = bytes(600_000);
    FileKey first = new FileKey("quota", "/a");
    FileKey second = new FileKey("quota", "/b");
    assertThat(files.put(first, body)).isInstanceOf(Stored.class);
    assertThat(files.put(first, body)).isInstanceOf(Stored.class);
    assertThat(files.put(second, body)).isEqualTo(new PutResult.OverQuota(1_000_000));
    get(files.store.setQuota("quota", OptionalLong.of(1_200_000)));
    assertThat(files.put(second, body)).isInstanceOf(Stored.class);
    get(files.store.setQuota("quota", OptionalLong.of(100_000)));
    assertThat(files.put(second, bytes(300_000))).isInstanceOf(Stored.class);
    files.delete(first);
    files.delete(second);
    assertThat(files.number("SELECT used_bytes FROM gapless.file_owners WHERE owner = ?", "quota"))
        .isZero();
    assertThat(files.events("quota")).hasSize(6);
  }

  @Test
  void conditionsAreCheckedWhereTheFileIsSwitched() {
    FileKey key = new FileKey("conditions", "/a");
    Conditions absent = Conditions.ifNoneMatch(EntityTags.ANY);
    Conditions present = Conditions.ifMatch(EntityTags.ANY);
    assertThat(files.put(key, "x", present)).isInstanceOf(PutResult.ConditionFailed.class);
    assertThat(get(files.store.registered(List.of("conditions")))).isEmpty();
    Stored stored = (Stored) files.put(key, "x", absent);
    assertThat(files.put(key, "y", absent)).isInstanceOf(PutResult.ConditionFailed.class);
    EntityTags tag = EntityTags.of(stored.file().etag());
    assertThat(files.put(key, "y", Conditions.ifMatch(tag))).isInstanceOf(Stored.class);
    assertThat(get(files.store.delete(key, Conditions.ifMatch(tag))))
        .isInstanceOf(DeleteResult.ConditionFailed.class);
    assertThat(files.events("conditions")).hasSize(2);
  }

  @Test
  void anAbortedUploadLeavesTheOldContentAndIsCleaned() {
    FileKey key = new FileKey("aborted", "/a");
    files.put(key, "old");
    Source<ByteString, ?> body =
        Source.from(List.of(ByteString.fromArray(bytes(3 * CHUNK))))
            .concat(Source.failed(new IllegalStateException("the client is gone")));
    assertThat(get(files.store.put(PutRequest.of(key, "text/plain"), body)))
        .isInstanceOf(PutResult.Incomplete.class);
    assertThat(new String(files.read(key))).isEqualTo("old");
    assertThat(files.events("aborted")).hasSize(1);
    files.clean();
    org.awaitility.Awaitility.await()
        .untilAsserted(
            () -> {
              files.clean();
              assertThat(
                      files.number(
                          "SELECT count(*) FROM gapless.file_chunks WHERE version NOT IN"
                              + " (SELECT version FROM gapless.files)"))
                  .isZero();
            });
  }

  @Test
  void bodiesThatAreTooLongAreRefusedAnnouncedOrNot() {
    FileKey key = new FileKey("long", "/a");
    Source<ByteString, ?> endless = Source.repeat(ByteString.fromArray(new byte[CHUNK]));
    long max = FileFixture.SETTINGS.maxBytes();
    assertThat(get(files.store.put(PutRequest.of(key, "text/plain"), endless)))
        .isEqualTo(new PutResult.TooLarge(max));
    PutRequest announced =
        new PutRequest(key, "text/plain", Conditions.NONE, OptionalLong.of(max + 1));
    assertThat(get(files.store.put(announced, endless))).isEqualTo(new PutResult.TooLarge(max));
    assertThat(files.events("long")).isEmpty();
  }

  @Test
  void anErasureWaitsForTheFirstFileOfTheOwner() throws Exception {
    try (Connection first = files.pool.getConnection();
        Statement statement = first.createStatement()) {
      first.setAutoCommit(false);
      statement.execute("INSERT INTO gapless.file_owners (owner) VALUES ('beginner')");
      statement.execute("SELECT gapless.publish('beginner', '/a', 'PUT')");
      var erasure = files.store.erase("beginner").toCompletableFuture();
      org.awaitility.Awaitility.await()
          .until(
              () ->
                  files.number(
                          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                              + " AND application_name = ?",
                          FileFixture.STORE)
                      == 1);
      first.commit();
      assertThat(get(erasure)).isPresent();
      first.setAutoCommit(true);
    }
    assertThat(get(files.store.registered(List.of("beginner")))).isEmpty();
    assertThat(files.events("beginner")).containsExactly("PUT /a", "ERASED /");
  }

  @Test
  void anOwnerIsErasedWithItsFiles() {
    files.put(new FileKey("erased", "/a"), "x");
    files.put(new FileKey("erased", "/b/c"), "y");
    StoredFile found = get(files.store.find(new FileKey("erased", "/a"))).orElseThrow();
    Cursor mark = get(files.store.erase("erased")).orElseThrow();
    assertThat(get(files.store.erase("erased"))).as("pending").contains(mark);
    assertThat(get(files.store.erase("never-there"))).isEmpty();
    assertThat(files.events("erased")).last().asString().contains("ERASED");
    assertThat(get(files.store.awaitErased(mark, Duration.ofMillis(1)))).isFalse();
    files.eraseAll();
    assertThat(get(files.store.awaitErased(mark, Duration.ofSeconds(20)))).isTrue();
    assertThat(files.events("erased")).hasSize(1);
    assertThat(get(files.store.erase("erased"))).isEmpty();
    assertThat(get(files.store.find(new FileKey("erased", "/a")))).isEmpty();
    assertThat(get(files.store.registered(List.of("erased")))).isEmpty();
    assertThat(get(files.store.list(ListingRequest.of("erased", "/"))).entries()).isEmpty();
    org.awaitility.Awaitility.await()
        .untilAsserted(
            () -> {
              files.clean();
              assertThat(
                      files.number(
                          "SELECT count(*) FROM gapless.file_versions WHERE version = ?",
                          found.version()))
                  .isZero();
            });
    assertThat(files.put(new FileKey("erased", "/a"), "x")).isInstanceOf(Stored.class);
  }

  @Test
  void noConnectionIsHeldWhileABodyArrivesOrIsRead() {
    FileKey key = new FileKey("idle", "/a");
    files.put(key, bytes(20 * CHUNK));
    StoredFile file = get(files.store.find(key)).orElseThrow();
    List<org.apache.pekko.stream.javadsl.SinkQueueWithCancel<ByteString>> readers =
        new java.util.ArrayList<>();
    List<org.apache.pekko.stream.javadsl.SourceQueueWithComplete<ByteString>> writers =
        new java.util.ArrayList<>();
    List<java.util.concurrent.CompletionStage<PutResult>> results = new java.util.ArrayList<>();
    for (int i = 0; i < 50; i++) {
      var queue = files.store.read(file).runWith(Sink.queue(), files.kit.system());
      assertThat(get(queue.pull())).isPresent();
      readers.add(queue);
      var body =
          Source.<ByteString>queue(1, org.apache.pekko.stream.OverflowStrategy.backpressure())
              .preMaterialize(files.kit.system());
      results.add(
          files.store.put(
              PutRequest.of(new FileKey("idle", "/" + i), "text/plain"), body.second()));
      get(body.first().offer(ByteString.fromArray(bytes(CHUNK + 10))));
      writers.add(body.first());
    }
    org.awaitility.Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(files.storePool.getHikariPoolMXBean().getActiveConnections()).isZero());
    writers.forEach(queue -> queue.complete());
    results.forEach(result -> assertThat(get(result)).isInstanceOf(Stored.class));
    readers.forEach(queue -> queue.cancel());
  }

  static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }
}
