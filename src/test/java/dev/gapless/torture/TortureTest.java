package dev.gapless.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.BrokenBuild;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A few seeds in every build: some that are always the same, and some that nobody has tried. */
class TortureTest {
  private static final Path RESULTS = Path.of("target", "torture", "verify.jsonl");

  @Test
  void nothingIsLostRepeatedOrReordered() {
    // below 2^31, so that the seed is easily typed
    long fresh = ThreadLocalRandom.current().nextInt(1_000_000, Integer.MAX_VALUE);
    List<Result> results =
        new Campaign(Shape.SHORT, Optional.empty(), RESULTS, false)
            .run(LongStream.concat(LongStream.of(4, 47, 48), LongStream.of(fresh, fresh + 1)), 1);
    for (Result result : results) {
      if (result.failed()) {
        System.out.println(Schedule.draw(result.seed(), Shape.SHORT));
        System.out.println(
            Reducer.command(Schedule.draw(result.seed(), Shape.SHORT), Optional.empty()));
      }
      assertThat(result.problems()).as("seed %d", result.seed()).isEmpty();
    }
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(
      value = BrokenBuild.class,
      names = {"LOCK_SET_REMOVED", "HEARTBEAT_OF_NODE_HEAD", "NOW_WITHOUT_ID"})
  void aBuildWithOneThingTakenAwayIsFoundWithinFiftySeeds(BrokenBuild broken) {
    List<Result> results =
        new Campaign(Shape.SHORT, Optional.of(broken), RESULTS, true)
            .run(LongStream.rangeClosed(1, 50), 1);
    System.out.printf("%s: found in run %d%n", broken, results.size());
    assertThat(results).anyMatch(Result::failed);
  }
}
