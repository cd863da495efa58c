package dev.gapless.hub;

import dev.gapless.event.EventFilter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Batches of 100 events; the score is the time of one delivery. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SubscriptionIndexBenchmark {
  private static final int BATCH = 100;
  private static final int TO_ALL_OWNERS = 1_000;

  /** Every event matches one subscription, however many there are. */
  @State(Scope.Thread)
  public static class Targeted {
    @Param({"1", "1000", "100000"})
    public int subscriptions;

    private final LiveIndex index = new LiveIndex();
    private final List<Integer> owners = new ArrayList<>();
    private final List<HubEvent> batch = new ArrayList<>();
    private int next;

    @Setup
    public void fill() {
      for (int owner = 0; owner < subscriptions; owner++) {
        index.subscribe(EventFilter.ofOwner("owner-" + owner));
        owners.add(owner);
      }
      // every owner has its turn, in an order that memory does not have: no cache holds them all
      Collections.shuffle(owners, new Random(7));
    }

    /** As the tail hands them over: just made, with owners that nobody has looked up yet. */
    @Setup(Level.Invocation)
    public void decode() {
      batch.clear();
      for (int i = 1; i <= BATCH; i++) {
        batch.add(SampleEvents.hubEvent(i, "owner-" + owners.get(next)));
        next = (next + 1) % subscriptions;
      }
    }
  }

  /** Every event matches every subscription. */
  @State(Scope.Thread)
  public static class ToAllOwners {
    private final LiveIndex index = new LiveIndex();
    private final List<HubEvent> batch =
        IntStream.range(0, BATCH)
            .mapToObj(i -> SampleEvents.hubEvent(i + 1, "owner-" + i))
            .toList();

    @Setup
    public void fill() {
      for (int i = 0; i < TO_ALL_OWNERS; i++) {
        index.subscribe(EventFilter.ALL);
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long targeted(Targeted state) {
    return state.index.offer(state.batch, BATCH);
  }

  @Benchmark
  @OperationsPerInvocation(BATCH * TO_ALL_OWNERS)
  public long toAllOwners(ToAllOwners state) {
    return state.index.offer(state.batch, BATCH * TO_ALL_OWNERS);
  }
}
