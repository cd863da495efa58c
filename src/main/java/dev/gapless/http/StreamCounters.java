package dev.gapless.http;

import dev.gapless.hub.Signal;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.util.EnumMap;
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
  private final Map<CloseReason, LongAdder> closed = adders(CloseReason.class);
  private final Map<LostReason, LongAdder> resets = adders(LostReason.class);

  /** A signal was encoded for a stream. */
  void sent(Signal signal, List<ByteString> frames) {
    for (int i = 0; i < frames.size(); i++) {
      bytes.add(frames.get(i).length());
    }
    if (signal instanceof Signal.Reset reset) {
      resets.get(reset.reason()).increment();
    } else if (signal instanceof Signal.Close close) {
      closed.get(close.reason()).increment();
    }
  }

  /** A stream was not let in. */
  void refused(CloseReason reason) {
    closed.get(reason).increment();
  }

  StreamCounts now(int open) {
    return new StreamCounts(open, bytes.sum(), sums(closed), sums(resets));
  }

  private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> of) {
    return Stream.of(of.getEnumConstants())
        .collect(
            Collectors.toMap(
                Function.identity(),
                key -> new LongAdder(),
                (one, other) -> one,
                () -> new EnumMap<>(of)));
  }

  private static <E extends Enum<E>> Map<E, Long> sums(Map<E, LongAdder> of) {
    return of.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().sum()));
  }
}
