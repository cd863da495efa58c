package dev.gapless.files;

import static dev.gapless.files.FileFixture.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.Listing.Entry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Conformance case 78. */
class ListingTest {
  private static final List<String> PATHS =
      List.of(
          "/pub/a.com/a.txt",
          "/pub/example.com/a.txt",
          "/pub/example.com/b.txt",
          "/pub/example.com/cc-nested/z.txt",
          "/pub/example.com/d.txt",
          "/pub/example.con-file",
          "/pub/example.con/d.txt",
          "/pub/file",
          "/pub/file2",
          "/pub/z.com/a.txt",
          "/pub/ä/\uD83D\uDE00",
          "/pub/ä/\uFF5E");
  private static final List<String> SHALLOW =
      List.of(
          "/pub/a.com/",
          "/pub/example.com/",
          "/pub/example.con-file",
          "/pub/example.con/",
          "/pub/file",
          "/pub/file2",
          "/pub/z.com/",
          "/pub/ä/");

  private static FileFixture files;

  @BeforeAll
  static void start() {
    files = new FileFixture();
    List<String> shuffled = new ArrayList<>(PATHS);
    Collections.shuffle(shuffled, new java.util.Random(1));
    for (String path : shuffled) {
      files.put(new FileKey("acme", path), "x");
    }
    files.put(new FileKey("acme", "/pubs"), "x");
    files.put(new FileKey("acme", "/priv/x"), "x");
    files.put(new FileKey("acmf", "/pub/other"), "x");
  }

  @AfterAll
  static void stop() {
    files.close();
  }

  @Test
  void deepListsAllFilesBelowByBytes() {
    List<String> expected = new ArrayList<>(PATHS);
    // as UTF-8 the half-width tilde comes before the emoji, as UTF-16 after it
    Collections.swap(expected, 10, 11);
    for (int limit : new int[] {1, 2, 3, 100}) {
      assertThat(pages(limit, false, false)).isEqualTo(expected);
      Collections.reverse(expected);
      assertThat(pages(limit, true, false)).isEqualTo(expected);
      Collections.reverse(expected);
    }
  }

  @Test
  void shallowListsFilesAndFolders() {
    List<String> reversed = new ArrayList<>(SHALLOW);
    Collections.reverse(reversed);
    for (int limit : new int[] {1, 2, 3, 100}) {
      assertThat(pages(limit, false, true)).isEqualTo(SHALLOW);
      assertThat(pages(limit, true, true)).isEqualTo(reversed);
    }
  }

  @Test
  void aCursorBelowAFolderIsThatFolderWhenShallow() {
    assertThat(page("/pub/", "/pub/example.com/a.txt", 2, false, true))
        .containsExactly("/pub/example.con-file", "/pub/example.con/");
    assertThat(page("/pub/", "/pub/example.com/a.txt", 2, true, true))
        .containsExactly("/pub/a.com/");
  }

  @Test
  void aCursorNeedNotExistNorLieInTheFolder() {
    assertThat(page("/pub/", "/pub/example.com/bb", 1, false, false))
        .containsExactly("/pub/example.com/cc-nested/z.txt");
    assertThat(page("/pub/", "/aaa", 1, false, false)).containsExactly("/pub/a.com/a.txt");
    assertThat(page("/pub/", "/zzz", 1, false, false)).isEmpty();
    assertThat(page("/pub/", "/zzz", 1, true, true)).containsExactly("/pub/ä/");
    assertThat(page("/nothing/", "/zzz", 1, true, true)).isEmpty();
  }

  @Test
  void theRootIsAFolder() {
    assertThat(page("/", "/a", 10, false, true)).containsExactly("/priv/", "/pub/", "/pubs");
  }

  @Test
  void anEntryTellsWhatTheFileIs() {
    Listing listing =
        get(
            files.store.list(
                new ListingRequest(
                    "acme", "/pub/", 1, Optional.of("/pub/example.con/"), false, true)));
    StoredFile file = get(files.store.find(new FileKey("acme", "/pub/file"))).orElseThrow();
    assertThat(listing)
        .isEqualTo(
            new Listing(
                List.of(
                    new Entry.File(
                        "/pub/file", 1, file.contentHash(), "text/plain", file.modifiedAt())),
                true));
  }

  private static List<String> pages(int limit, boolean reverse, boolean shallow) {
    List<String> all = new ArrayList<>();
    Optional<String> after = Optional.empty();
    while (true) {
      Listing listing =
          get(
              files.store.list(
                  new ListingRequest("acme", "/pub/", limit, after, reverse, shallow)));
      listing.entries().forEach(entry -> all.add(entry.path()));
      if (!listing.more()) {
        return all;
      }
      assertThat(listing.entries()).hasSize(limit);
      after = Optional.of(all.get(all.size() - 1));
    }
  }

  private static List<String> page(
      String folder, String after, int limit, boolean reverse, boolean shallow) {
    return get(
            files.store.list(
                new ListingRequest("acme", folder, limit, Optional.of(after), reverse, shallow)))
        .entries()
        .stream()
        .map(Entry::path)
        .toList();
  }
}
