package dev.gapless.files;

import static dev.gapless.files.FileFixture.get;
import static dev.gapless.files.FileFixture.hash;
import static dev.gapless.files.FileFixture.source;
import static dev.gapless.files.FileStoreTest.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.PutResult.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Writes that meet at one owner. */
class FileRaceTest {
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
  void theLastEventOfAPathIsTheStoredFile() {
    FileKey key = new FileKey("last", "/a");
    for (int round = 0; round < 60; round++) {
      List<CompletionStage<PutResult>> racing = new ArrayList<>();
      for (int writer = 0; writer < 3; writer++) {
        racing.add(put(key, ("%d of %d".formatted(writer, round)).getBytes(), Conditions.NONE));
      }
      racing.forEach(result -> assertThat(get(result)).isInstanceOf(Stored.class));
      List<String> events = files.events("last");
      assertThat(events).hasSize(3 * (round + 1));
      String stored = get(files.store.find(key)).orElseThrow().contentHash();
      assertThat(events.get(events.size() - 1)).isEqualTo("PUT /a " + stored);
      assertThat(hash(files.read(key))).isEqualTo(stored);
    }
  }

  @Test
  void ofTwoWritesWithOneTagOneWins() {
    FileKey key = new FileKey("tags", "/a");
    Stored current = (Stored) files.put(key, "start");
    for (int round = 0; round < 40; round++) {
      Conditions same = Conditions.ifMatch(EntityTags.of(current.file().etag()));
      CompletionStage<PutResult> one = put(key, ("one " + round).getBytes(), same);
      CompletionStage<PutResult> other = put(key, ("other " + round).getBytes(), same);
      List<PutResult> results = List.of(get(one), get(other));
      assertThat(results).filteredOn(Stored.class::isInstance).hasSize(1);
      assertThat(results).filteredOn(PutResult.ConditionFailed.class::isInstance).hasSize(1);
      current =
          (Stored) results.stream().filter(Stored.class::isInstance).findFirst().orElseThrow();
    }
    assertThat(files.events("tags")).hasSize(41);
  }

  @Test
  void racingWritesNeverExceedTheQuota() {
    List<CompletionStage<PutResult>> racing = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      racing.add(put(new FileKey("full", "/f" + i), bytes(100_000), Conditions.NONE));
    }
    List<PutResult> results = racing.stream().map(FileFixture::get).toList();
    assertThat(results).filteredOn(Stored.class::isInstance).hasSize(10);
    assertThat(results).filteredOn(PutResult.OverQuota.class::isInstance).hasSize(10);
    assertThat(files.number("SELECT used_bytes FROM gapless.file_owners WHERE owner = 'full'"))
        .isEqualTo(1_000_000);
    assertThat(files.events("full")).hasSize(10);
  }

  @Test
  void aFileAndAFolderOfOneNameNeverBothAppear() {
    for (int round = 0; round < 40; round++) {
      FileKey file = new FileKey("kinds", "/r" + round);
      FileKey below = new FileKey("kinds", "/r" + round + "/b");
      CompletionStage<PutResult> one = put(file, "x".getBytes(), Conditions.NONE);
      CompletionStage<PutResult> other = put(below, "x".getBytes(), Conditions.NONE);
      List<PutResult> results = List.of(get(one), get(other));
      assertThat(results).filteredOn(Stored.class::isInstance).hasSize(1);
      assertThat(results).filteredOn(PutResult.Collision.class::isInstance).hasSize(1);
    }
  }

  private static CompletionStage<PutResult> put(FileKey key, byte[] body, Conditions conditions) {
    return files.store.put(
        new PutRequest(key, "text/plain", conditions, OptionalLong.of(body.length)), source(body));
  }
}
