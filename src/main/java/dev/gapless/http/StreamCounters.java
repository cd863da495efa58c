package dev.gapless.http;

import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.util.ByteString;

/** Counts what the streams of a node hand on. Thread-safe; called for every write. */
final class StreamCounters {
  private final LongAdder bytes = new LongAdder();
  private final LongAdder[] closed = adders(CloseReason.values().length);
  private final LongAdder[] resets = adders(LostReason.values().length);

  /** A signal was encoded for a stream. */
  void sent(Signal signal, List<ByteString> frames) {
    for (int i = 0; i < frames.size(); i++) {
      bytes.add(frames.get(i).length());
    }
    if (signal instanceof Signal.Reset reset) {
      resets[reset.reason().ordinal()].increment();
    } else if (signal instanceof Signal.Close close) {
      closed[close.reason().ordinal()].increment();
    }
  }

  /** A stream was not let in. */
  void refused(CloseReason reason) {
    closed[reason.ordinal()].increment();
  }

  StreamCounts now(int open) {
    return new StreamCounts(
        open, bytes.sum(), sums(CloseReason.values(), closed), sums(LostReason.values(), resets));
  }

  private static LongAdder[] adders(int count) {
    return Stream.generate(LongAdder::new).limit(count).toArray(LongAdder[]::new);
  }

  private static <E extends Enum<E>> Map<E, Long> sums(E[] reasons, LongAdder[] counts) {
    return Stream.of(reasons)
        .collect(Collectors.toMap(Function.identity(), reason -> counts[reason.ordinal()].sum()));
  }
}
