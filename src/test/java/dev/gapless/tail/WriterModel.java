package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.log.HeadReads.Removed;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * As much of PostgreSQL as the decider can see. Writers take the sequence's lock, draw positions,
 * try for the election, become visible, give the sequence's lock back and then the election lock,
 * each in a step of its own; the decider's statements fall anywhere between.
 */
final class WriterModel {
  private static final long MILLI = 1_000_000;

  enum Hints {
    /** Whenever it pleases, and polls besides. */
    ANY_TIME,
    /** From the elected writers only, any time after they became visible; no polls. */
    ELECTED
  }

  private static final class Writer {
    String transaction;
    final List<Long> drawn = new ArrayList<>();
    boolean holdsSequence;
    boolean triedElection;
    boolean elected;
    boolean visible;

    Writer(String transaction) {
      this.transaction = transaction;
    }
  }

  final HeadDecider decider = new HeadDecider(0);
  final List<Long> delivered = new ArrayList<>();
  long now;

  private final Random random;
  private final int writerCount;
  private final Hints hints;
  private final TreeMap<Long, Event> visible = new TreeMap<>();
  private final Map<Integer, Writer> writers = new HashMap<>();
  private long lastValue;
  private long startedAt = -1;
  private int transactions;
  private int hintsUnderWay;
  private Optional<Cursor> stored = Optional.empty();

  WriterModel(long seed, int writerCount, Hints hints) {
    this.random = new Random(seed);
    this.writerCount = writerCount;
    this.hints = hints;
  }

  List<Long> committedAfterStart() {
    return List.copyOf(visible.tailMap(startedAt, false).keySet());
  }

  void anyStep() {
    switch (random.nextInt(8)) {
      case 0, 1, 2, 3 -> writerStep(random.nextInt(writerCount));
      case 4 -> hint();
      case 5 -> {
        if (random.nextInt(20) == 0) {
          restart();
        }
      }
      default -> read();
    }
    checkNothingForgotten();
  }

  void endWriters() {
    while (!writers.isEmpty()) {
      writerStep(writers.keySet().iterator().next());
      checkNothingForgotten();
    }
  }

  /**
   * At rest, with no hint under way and none to be expected, nobody would ever look again. (While
   * an elected writer is parked, a lower position committed beside it is left to a poll.)
   */
  private void checkNothingForgotten() {
    boolean hintToCome =
        hintsUnderWay > 0
            || writers.values().stream().anyMatch(writer -> writer.elected && !writer.visible);
    if (decider.next().kind() == NextRead.Kind.REST && hints == Hints.ELECTED && !hintToCome) {
      assertThat(delivered).as("at rest").isEqualTo(committedAfterStart());
    }
  }

  void readUntilRest() {
    for (int i = 0; i < 1000; i++) {
      if (hintsUnderWay > 0) {
        hint();
      } else if (decider.next().kind() == NextRead.Kind.REST) {
        return;
      }
      read();
    }
    throw new AssertionError("does not come to rest");
  }

  private void hint() {
    if (hints == Hints.ANY_TIME) {
      decider.onWake(now);
    } else if (hintsUnderWay > 0) {
      hintsUnderWay--;
      decider.onWake(now);
    }
  }

  /** Of the server: what was in flight is prepared, and has another number afterwards. */
  private void restart() {
    writers.values().forEach(writer -> writer.transaction = "p" + ++transactions);
    decider.connectionLost(now);
  }

  private void writerStep(int number) {
    Writer writer = writers.get(number);
    if (writer == null) {
      writers.put(number, new Writer("t" + ++transactions));
    } else if (writer.visible) {
      if (writer.holdsSequence) {
        writer.holdsSequence = false;
      } else {
        // the election lock is the last to go
        writers.remove(number);
      }
    } else if (!writer.holdsSequence) {
      writer.holdsSequence = true;
    } else if (writer.drawn.isEmpty() || random.nextInt(3) == 0) {
      lastValue += random.nextInt(10) == 0 ? 30 : 1;
      writer.drawn.add(lastValue);
    } else if (!writer.triedElection) {
      writer.triedElection = true;
      writer.elected = writers.values().stream().noneMatch(other -> other.elected);
    } else {
      end(writer);
    }
  }

  private void end(Writer writer) {
    writer.visible = true;
    // the hint of an elected writer that rolls back is lost: that is what polling is for
    if (random.nextInt(4) == 0 && !(writer.elected && hints == Hints.ELECTED)) {
      return;
    }
    for (long position : writer.drawn) {
      // a savepoint may have rolled some back
      if (random.nextInt(6) > 0) {
        assertThat(position)
            .as("committed after it was decided")
            .isGreaterThan(decider.isFollowing() ? decider.head().position() : 0);
        visible.put(position, event(position));
      }
    }
    hintsUnderWay += writer.elected && hints == Hints.ELECTED ? 1 : 0;
  }

  void read() {
    NextRead next = decider.next();
    if (next.kind() == NextRead.Kind.REST && hints == Hints.ELECTED) {
      return;
    }
    now = Math.max(now + random.nextInt((int) MILLI), next.notBefore());
    List<Decision> decisions =
        switch (next.kind()) {
          case MARK -> decider.onMark(stored, now);
          case RETIRED -> decider.onRemoved(Removed.NOTHING, now);
          case HIGHEST -> decider.onHighest(highest(), now);
          case ROWS -> decider.onRows(rows(), now);
          case LOCKS -> decider.onLocks(locks(), MILLI / 10, now);
          case REST -> {
            decider.onPoll(now);
            yield List.of();
          }
        };
    decisions.forEach(this::apply);
  }

  private Optional<Cursor> highest() {
    return visible.isEmpty()
        ? Optional.empty()
        : Optional.of(visible.lastEntry().getValue().cursor());
  }

  private List<Event> rows() {
    return visible.tailMap(decider.head().position(), true).values().stream()
        .filter(row -> row.position() <= decider.ceiling())
        .limit(2 + random.nextInt(5))
        .toList();
  }

  private LockRead locks() {
    return new LockRead(
        writers.values().stream()
            .filter(writer -> writer.holdsSequence)
            .map(writer -> writer.transaction)
            .collect(Collectors.toSet()),
        writers.values().stream().anyMatch(writer -> writer.elected),
        lastValue,
        false,
        false);
  }

  private void apply(Decision decision) {
    if (decision instanceof Decision.Restart restart) {
      if (restart.reason() == TailOutput.RestartReason.RECONNECTED) {
        assertThat(restart.head().position())
            .as("the head stays")
            .isEqualTo(delivered.isEmpty() ? startedAt : delivered.get(delivered.size() - 1));
      } else {
        assertThat(startedAt).as("starts only once").isEqualTo(-1);
        startedAt = restart.head().position();
      }
    } else if (decision instanceof Decision.Deliver deliver) {
      deliver.events().forEach(event -> delivered.add(event.position()));
      assertThat(deliver.head().position()).isEqualTo(delivered.get(delivered.size() - 1));
      stored = Optional.of(deliver.head());
    } else {
      throw new AssertionError(decision.toString());
    }
  }

  static Event event(long position) {
    return new Event(
        position, "o", "/p", "put", Optional.empty(), Instant.ofEpochSecond(1_000 + position));
  }
}
