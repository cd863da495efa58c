package dev.gapless.files;

import static dev.gapless.files.FileFixture.CHUNK;
import static dev.gapless.files.FileFixture.get;
import static dev.gapless.files.FileFixture.hash;
import static dev.gapless.files.FileFixture.source;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.PutResult.Stored;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Sessions of the store are terminated while it works. */
class FileKillTest {
  private static final int KILLS = 250;
  private static final int WRITERS = 4;

  /** A session that works at this moment, or sits in a transaction. */
  private static final String KILL_ONE =
      "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
          + " WHERE datname = current_database() AND application_name = '"
          + FileFixture.STORE
          + "' AND state <> 'idle' ORDER BY random() LIMIT 1) AS one";

  private enum Seen {
    STORED,
    DELETED,
    NOTHING,
    UNKNOWN
  }

  @Test
  void fileAndEventAreOneWhereverTheConnectionEnds() throws Exception {
    try (FileFixture files = new FileFixture()) {
      Map<String, Seen> seen = new ConcurrentHashMap<>();
      AtomicBoolean enough = new AtomicBoolean();
      ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
      List<Future<?>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(files, number, seen, enough)));
      }
      Random random = new Random(17);
      int kills = 0;
      while (kills < KILLS) {
        LockSupport.parkNanos(random.nextInt(12_000_000));
        kills += (int) files.number(KILL_ONE);
      }
      enough.set(true);
      for (Future<?> writer : writers) {
        writer.get(60, TimeUnit.SECONDS);
      }
      threads.shutdown();

      long stored = seen.values().stream().filter(Seen.STORED::equals).count();
      long deleted = seen.values().stream().filter(Seen.DELETED::equals).count();
      long refused = seen.values().stream().filter(Seen.NOTHING::equals).count();
      System.out.printf(
          "%d kills, %d writes: %d stored, %d deleted again, %d not stored, %d unknown%n",
          kills, seen.size(), stored, deleted, refused, seen.size() - stored - deleted - refused);
      assertThat(stored).isPositive();
      assertThat(deleted).isPositive();
      assertThat(refused).isPositive();
      verify(files, seen);
    }
  }

  private static void verify(FileFixture files, Map<String, Seen> seen) {
    assertThat(
            files.texts(
                "SELECT path || ' ' || (data->>'content_hash') FROM gapless.events AS put"
                    + " WHERE type = 'PUT' AND NOT EXISTS (SELECT FROM gapless.events AS del"
                    + " WHERE del.type = 'DEL' AND del.path = put.path AND del.id > put.id)"))
        .as("events of files that were not deleted")
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(
            files.texts("SELECT path || ' ' || encode(content_hash, 'base64') FROM gapless.files"));
    Set<String> paths = new HashSet<>(files.texts("SELECT path FROM gapless.files"));
    List<String> puts = files.texts("SELECT path FROM gapless.events WHERE type = 'PUT'");
    List<String> deletions = files.texts("SELECT path FROM gapless.events WHERE type = 'DEL'");
    assertThat(deletions).doesNotHaveDuplicates();
    seen.forEach(
        (path, result) -> {
          if (result != Seen.UNKNOWN) {
            assertThat(paths.contains(path)).as(path).isEqualTo(result == Seen.STORED);
            assertThat(puts.contains(path)).as(path).isEqualTo(result != Seen.NOTHING);
            assertThat(deletions.contains(path)).as(path).isEqualTo(result == Seen.DELETED);
          }
        });
    assertThat(seen.keySet()).containsAll(paths);
    for (String path : paths) {
      assertThat(files.read(new FileKey("acme", path))).isEqualTo(body(path));
    }
    assertThat(files.number("SELECT sum(used_bytes) FROM gapless.file_owners"))
        .isEqualTo(files.number("SELECT coalesce(sum(size), 0) FROM gapless.files"));
    // bodies whose abandonment could not be marked fall due with time
    files.texts(
        "UPDATE gapless.file_versions SET keep_until = '-infinity' WHERE NOT linked"
            + " RETURNING version");
    files.clean();
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(files.number("SELECT count(*) FROM gapless.file_versions"))
                    .isEqualTo(paths.size()));
  }

  private static void write(
      FileFixture files, int writer, Map<String, Seen> seen, AtomicBoolean enough) {
    for (int i = 0; !enough.get(); i++) {
      String path = "/w" + writer + "/" + i;
      FileKey key = new FileKey("acme", path);
      PutResult result = get(files.store.put(PutRequest.of(key, "text/plain"), source(body(path))));
      if (result instanceof Stored stored) {
        assertThat(stored.file().contentHash()).isEqualTo(hash(body(path)));
        seen.put(path, i % 3 == 0 ? delete(files, key) : Seen.STORED);
      } else {
        seen.put(path, unavailable(((PutResult.Unavailable) result).outcome(), Seen.NOTHING));
      }
    }
  }

  private static Seen delete(FileFixture files, FileKey key) {
    DeleteResult result = get(files.store.delete(key, Conditions.NONE));
    return result instanceof DeleteResult.Deleted
        ? Seen.DELETED
        : unavailable(((DeleteResult.Unavailable) result).outcome(), Seen.STORED);
  }

  private static Seen unavailable(Outcome outcome, Seen before) {
    return outcome == Outcome.UNKNOWN ? Seen.UNKNOWN : before;
  }

  /** From nothing to two chunks and a half. */
  private static byte[] body(String path) {
    Random random = new Random(path.hashCode());
    byte[] body = new byte[random.nextInt(5 * CHUNK / 2)];
    random.nextBytes(body);
    return body;
  }
}
