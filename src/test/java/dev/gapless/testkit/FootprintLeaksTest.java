package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What two footprints differ in, beyond what may be. */
class FootprintLeaksTest {
  private static final long MEGABYTE = 1L << 20;
  private static final NodeFootprint BEFORE = footprint(20, 1, files(10), 40, 22, List.of("conf"));

  @Test
  void nothingWhereLittleHasChanged() {
    assertThat(BEFORE.leaks(BEFORE, 22)).isEmpty();
    assertThat(BEFORE.leaks(footprint(27, 1, files(12), 60, 22, List.of("conf")), 22)).isEmpty();
    // the ring has filled
    assertThat(BEFORE.leaks(footprint(80, 60, files(10), 40, 22, List.of("conf")), 22)).isEmpty();
  }

  @Test
  void everythingThatWasNotGivenBack() {
    NodeFootprint now = footprint(60, 1, files(30), 140, 23, List.of("conf", "upload-1.tmp"));
    List<String> leaks = BEFORE.leaks(now, 22);
    assertThat(leaks).hasSize(5);
    assertThat(leaks.get(0)).contains("descriptors: 30, at the start 10", "socket 29");
    assertThat(leaks.get(1)).contains("threads", "pool=140");
    assertThat(leaks.get(2)).contains("connections to the database: 23, configured 22");
    assertThat(leaks.get(3)).contains("live heap");
    assertThat(leaks.get(4)).contains("upload-1.tmp");
  }

  @Test
  void socketsThatOnlyThePeerHasClosedAndFilesThatOnlyTheFolderHasForgotten() {
    OpenFiles files =
        new OpenFiles(
            files(10).own(),
            List.of(),
            List.of("socket, CLOSE_WAIT"),
            List.of("/tmp/upload (deleted)"));
    assertThat(BEFORE.leaks(footprint(20, 1, files, 40, 22, List.of("conf")), 22))
        .containsExactly(
            "sockets in CLOSE_WAIT: [socket, CLOSE_WAIT]",
            "deleted files still open: [/tmp/upload (deleted)]");
  }

  private static NodeFootprint footprint(
      int heap, int ring, OpenFiles files, int threads, int connections, List<String> left) {
    return new NodeFootprint(
        heap * MEGABYTE, ring * MEGABYTE, files, Map.of("pool", threads), connections, left);
  }

  private static OpenFiles files(int count) {
    return new OpenFiles(
        Stream.iterate(0, n -> n + 1).limit(count).map(n -> "socket " + n).toList(),
        Collections.emptyList(),
        Collections.emptyList(),
        Collections.emptyList());
  }
}
