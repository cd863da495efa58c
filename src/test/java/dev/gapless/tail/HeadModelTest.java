package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.tail.ModelSearch.Result;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every order of steps of PostgreSQL's writers and the tail, within the bounds of each {@link
 * HeadWorld}: no committed event is skipped, repeated or reordered; what a received hint covers
 * does not wait for the poll; when all have ended the tail comes to rest, and a poll finds what had
 * no hint. {@link HeadStepsTest} shows that faults are found.
 */
class HeadModelTest {

  static Stream<HeadWorld> worlds() {
    return Stream.of(HeadWorld.values()).filter(world -> !world.isLarge());
  }

  static Stream<HeadWorld> largeWorlds() {
    return Stream.of(HeadWorld.values()).filter(HeadWorld::isLarge);
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void nothingIsSkippedInAnyOrderOfSteps(HeadWorld world) {
    explore(world);
  }

  @ParameterizedTest
  @MethodSource("largeWorlds")
  @Tag("long")
  void nothingIsSkippedInAnyOrderOfManySteps(HeadWorld world) {
    explore(world);
  }

  private static void explore(HeadWorld world) {
    long begun = processorTime();
    ModelSearch search = new ModelSearch(world.bounds());
    Result result = search.run();
    System.out.printf(
        "%s; %d ms of a processor%n",
        result.counts(), Duration.ofNanos(processorTime() - begun).toMillis());
    assertThat(result.violation().map(found -> ModelTrace.of(found, search.reader()))).isEmpty();
    assertThat(result.states()).as("there was something to explore").isGreaterThan(20_000);
  }

  private static long processorTime() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
