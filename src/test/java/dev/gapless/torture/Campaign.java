package dev.gapless.torture;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.BrokenBuild;
import dev.gapless.testkit.MovableClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;

/**
 * Many seeds, in several worlds side by side. Each result goes to a file as soon as it is there.
 */
final class Campaign {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Shape shape;
  private final Optional<BrokenBuild> broken;
  private final Path results;
  private final boolean stopAtFirst;
  private final List<Result> done = new ArrayList<>();
  private volatile boolean stopped;
  private volatile boolean broke;

  /**
   * @param results where lines of JSON are added
   * @param stopAtFirst whether the first failure ends the campaign
   */
  Campaign(Shape shape, Optional<BrokenBuild> broken, Path results, boolean stopAtFirst) {
    this.shape = shape;
    this.broken = broken;
    this.results = results;
    this.stopAtFirst = stopAtFirst;
  }

  List<Result> run(LongStream seeds, int lanes) {
    Queue<Long> queue = new ConcurrentLinkedQueue<>(seeds.boxed().toList());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      Thread thread = new Thread(() -> lane(queue), "lane-" + i);
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (broke) {
      throw new IllegalStateException("a world could not be made or ended");
    }
    synchronized (this) {
      return List.copyOf(done);
    }
  }

  private void lane(Queue<Long> seeds) {
    while (!seeds.isEmpty() && !stopped) {
      inOneWorld(seeds);
    }
  }

  private void inOneWorld(Queue<Long> seeds) {
    try (World world = world(shape, broken)) {
      if (shape == Shape.LONG) {
        // to be warm before the first look at what the nodes hold
        Run.of(world, Schedule.draw(0, Shape.SHORT).withSteps(Set.of()), name(broken));
        world.rememberFootprints();
      }
      for (int i = 1; i <= shape.runsOfAWorld() && !stopped; i++) {
        Long seed = seeds.poll();
        if (seed == null) {
          return;
        }
        Schedule schedule = Schedule.draw(seed, shape);
        Result result = Run.of(world, schedule, name(broken));
        if (i == 1 && shape != Shape.LONG) {
          world.rememberFootprints();
        } else if (!result.failed() && (i == shape.runsOfAWorld() || seeds.isEmpty())) {
          result = result.withProblems(world.leaks());
        }
        if (result.failed() && !stopAtFirst) {
          Evidence.keep(world, schedule, result);
        }
        add(result);
        if (result.failed()) {
          stopped |= stopAtFirst;
          return;
        }
      }
    } catch (RuntimeException | AssertionError e) {
      // the world could not be made or ended: there is nothing to go on with
      e.printStackTrace(System.out);
      broke = true;
      stopped = true;
    }
  }

  static World world(Shape shape, Optional<BrokenBuild> broken) {
    return new World(
        shape.nodes(),
        broken.map(build -> List.of(build.compile())).orElse(List.of()),
        clock(),
        shape.cluster());
  }

  static String name(Optional<BrokenBuild> broken) {
    return broken.map(BrokenBuild::name).orElse("main");
  }

  private static Optional<MovableClock> clock() {
    try {
      MovableClock.require();
      return Optional.of(new MovableClock());
    } catch (org.opentest4j.TestAbortedException notHere) {
      return Optional.empty();
    }
  }

  private synchronized void add(Result result) {
    done.add(result);
    write(results, result);
    System.out.printf(
        "%s seed %d %s: %,d events, %,d deliveries, %d reconnects, %d resets, %.1f s (settled in"
            + " %.1f s), %s%s%n",
        LocalTime.now().truncatedTo(ChronoUnit.SECONDS),
        result.seed(),
        result.failed() ? "FAILED" : "ok",
        result.events(),
        result.deliveries(),
        result.reconnects(),
        result.resets(),
        result.millis() / 1e3,
        result.settleMillis() / 1e3,
        shape.cluster()
            ? "%d systems ended, one cluster after %.1f s, "
                .formatted(result.downed(), result.togetherMillis() / 1e3)
            : "",
        result.faults());
    result.problems().stream().limit(6).forEach(problem -> System.out.println("    " + problem));
  }

  static void write(Path results, Result result) {
    try {
      Files.createDirectories(results.toAbsolutePath().getParent());
      Files.writeString(
          results,
          JSON.writeValueAsString(result) + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Result> read(Path results) {
    try {
      List<Result> read = new ArrayList<>();
      for (String line : Files.readAllLines(results)) {
        read.add(JSON.readValue(line, Result.class));
      }
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
