package dev.gapless.http;

import dev.gapless.event.Event;
import dev.gapless.hub.HubEvent;
import dev.gapless.hub.SampleEvents;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.util.ByteString;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The frame of one event: what the first receiver pays, and what all others do. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class NativeFramesBenchmark {
  // not final: a constant could be folded into what is measured
  private Event event = SampleEvents.event(123_456_789, "owner-12345");
  private HubEvent encoded = SampleEvents.hubEvent(event);

  @Benchmark
  public ByteString encode() {
    return NativeFrames.INSTANCE.encode(encoded);
  }

  /** With the fingerprint, which every event gets when it comes to the hub. */
  @Benchmark
  public ByteString firstFrame() {
    return SampleEvents.hubEvent(event).frame(NativeFrames.INSTANCE);
  }

  @Benchmark
  public ByteString frameAgain() {
    return encoded.frame(NativeFrames.INSTANCE);
  }
}
