package dev.gapless.hub;

import com.typesafe.config.ConfigFactory;
import dev.gapless.event.Cursor;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A full ring of the default size; the score is the time of one event. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RingBenchmark {
  // a subscription reads as much as a portion holds, about 100 of these; 64 divides the ring
  private static final int STEP = 64;

  private final HubSettings settings =
      HubSettings.create(ConfigFactory.defaultReference().getConfig("gapless"));
  private final Ring ring = new Ring(settings.ringEvents(), settings.ringBytes(), Cursor.EARLIEST);
  private final HubEvent[] events = new HubEvent[2 * settings.ringEvents()];
  private int next;
  private long position;

  @Setup
  public void fill() {
    for (int i = 0; i < events.length; i++) {
      events[i] = SampleEvents.hubEvent(i + 1, "owner-" + i % 100);
      ring.append(events[i]);
    }
    if (ring.size() != settings.ringEvents()) {
      throw new IllegalStateException("the ring holds " + ring.size());
    }
    position = ring.floor().position();
  }

  /** Positions begin anew after the last event, which appending does not look at. */
  @Benchmark
  public void append() {
    ring.append(events[next]);
    next = next + 1 < events.length ? next + 1 : 0;
  }

  /** From the oldest event to the newest, as a subscription that catches up. */
  @Benchmark
  @OperationsPerInvocation(STEP)
  public List<HubEvent> catchUp() {
    List<HubEvent> read = ring.after(position, STEP, PageRest.PORTION_BYTES).orElseThrow();
    if (read.size() != STEP) {
      throw new IllegalStateException(read.size() + " events instead of " + STEP);
    }
    position += STEP;
    if (position == events.length) {
      position = ring.floor().position();
    }
    return read;
  }

  /** Nothing is new, which every subscription finds at least once. */
  @Benchmark
  public Optional<List<HubEvent>> readAtEnd() {
    return ring.after(events.length, STEP, PageRest.PORTION_BYTES);
  }
}
