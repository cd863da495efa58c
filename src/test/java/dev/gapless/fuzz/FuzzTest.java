package dev.gapless.fuzz;

import dev.gapless.testkit.NodeFootprint;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import net.jqwik.api.sessions.JqwikSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever a node is sent, it answers as the documents say, logs nothing it should not, publishes
 * exactly what it acknowledges, and goes on serving.
 *
 * <p>The long run takes {@code -Dgapless.fuzz.seconds=…} and {@code -Dgapless.fuzz.seed=…}.
 */
class FuzzTest {
  private static final int ATTEMPTS = 800;

  @Test
  void someThousandRequests() {
    long fresh = new Random().nextLong();
    System.out.println("fresh seed of the fuzzer: " + fresh);
    JqwikSession.run(
        () -> {
          try (World world = World.create();
              FuzzRun run = new FuzzRun(world)) {
            for (long seed : List.of(1L, 2L, fresh)) {
              run.send(seed, i -> i < ATTEMPTS);
            }
            System.out.print(run.summary());
            run.assertNothingFound();
          }
        });
  }

  @Test
  @Tag("long")
  void fiveMinutesOfRequests() {
    long seed = Long.getLong("gapless.fuzz.seed", new Random().nextLong());
    Duration time = Duration.ofSeconds(Long.getLong("gapless.fuzz.seconds", 300));
    System.out.println("seed of the fuzzer: " + seed);
    JqwikSession.run(
        () -> {
          try (World world = World.create();
              FuzzRun run = new FuzzRun(world)) {
            // what every request needs once, such as classes
            run.send(1, i -> i < ATTEMPTS);
            List<NodeFootprint> before = world.footprints();
            long end = System.nanoTime() + time.toNanos();
            run.send(seed, i -> System.nanoTime() < end);
            System.out.print(run.summary());
            run.assertNothingFound();
            world.assertNothingLeaked(before);
          }
        });
  }
}
