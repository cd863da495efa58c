package dev.gapless.files;

import static dev.gapless.files.FileFixture.CHUNK;
import static dev.gapless.files.FileFixture.get;
import static dev.gapless.files.FileFixture.hash;
import static dev.gapless.files.FileStoreTest.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Optional;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.SinkQueueWithCancel;
import org.apache.pekko.util.ByteString;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Reading while the file changes and the cleaner works. */
class FileDownloadTest {
  private static final Duration GRACE = FileFixture.SETTINGS.grace();

  @Test
  void aDownloadIsOneVersionWhole() {
    try (FileFixture files = new FileFixture()) {
      files.kit.spawn(FileCleaner.create(files.store));
      FileKey key = new FileKey("acme", "/a");
      files.put(key, bytes(20 * CHUNK + 5));
      StoredFile file = get(files.store.find(key)).orElseThrow();
      SinkQueueWithCancel<ByteString> reader =
          files.store.read(file).runWith(Sink.queue(), files.kit.system());
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      for (int overwrite = 0; overwrite < 3; overwrite++) {
        pull(reader, read);
        files.put(key, "overwrite " + overwrite);
        // the versions that nobody reads go, which takes longer than the grace; this one stays
        Awaitility.await().untilAsserted(() -> assertThat(versions(files)).isEqualTo(2));
      }
      files.delete(key);
      Awaitility.await().untilAsserted(() -> assertThat(versions(files)).isEqualTo(1));
      while (pull(reader, read)) {}
      assertThat('"' + hash(read.toByteArray()) + '"').isEqualTo(file.etag());
      Awaitility.await().untilAsserted(() -> assertThat(versions(files)).isZero());
      assertThat(files.number("SELECT count(*) FROM gapless.file_chunks")).isZero();
    }
  }

  @Test
  void aVersionThatIsGoneFailsTheDownload() {
    try (FileFixture files = new FileFixture()) {
      FileKey key = new FileKey("acme", "/a");
      files.put(key, bytes(3 * CHUNK));
      StoredFile file = get(files.store.find(key)).orElseThrow();
      files.delete(key);
      Awaitility.await()
          .atLeast(GRACE.dividedBy(2))
          .untilAsserted(
              () -> {
                files.clean();
                assertThat(versions(files)).isZero();
              });
      assertThatThrownBy(() -> get(files.collect(files.store.read(file))))
          .hasRootCauseInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void theCleanerRemovesWhatNobodyFinishedAndNothingElse() {
    try (FileFixture files = new FileFixture()) {
      files.put(new FileKey("acme", "/a"), "kept");
      files.texts(
          "INSERT INTO gapless.file_versions (chunk_bytes, keep_until)"
              + " VALUES (1, now() - interval '1 s'), (1, now() + interval '1 h')"
              + " RETURNING version");
      files.clean();
      assertThat(versions(files)).isEqualTo(2);
      assertThat(new String(files.read(new FileKey("acme", "/a")))).isEqualTo("kept");
    }
  }

  private static boolean pull(SinkQueueWithCancel<ByteString> reader, ByteArrayOutputStream read) {
    Optional<ByteString> chunk = get(reader.pull());
    chunk.ifPresent(bytes -> read.writeBytes(bytes.toArray()));
    return chunk.isPresent();
  }

  private static long versions(FileFixture files) {
    return files.number("SELECT count(*) FROM gapless.file_versions");
  }
}
