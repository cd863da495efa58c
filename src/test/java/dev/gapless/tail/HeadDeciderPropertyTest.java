package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * The decider against a small model of PostgreSQL: writers take the sequence's lock, draw
 * positions, become visible, and give the lock back, each in a step of its own, in any order with
 * the decider's statements.
 */
class HeadDeciderPropertyTest {
  private static final long MILLI = 1_000_000;

  @Property(tries = 3000)
  void deliversExactlyTheCommittedRowsInOrder(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int writers) {
    Model model = new Model(seed, writers);
    for (int i = 0; i < 400; i++) {
      model.anyStep();
    }
    model.finish();
    assertThat(model.delivered)
        .isEqualTo(
            new ArrayList<>(model.visible.keySet())
                .subList(model.startIndex(), model.visible.size()));
    assertThat(model.decider.next().kind()).isEqualTo(NextRead.Kind.REST);
  }

  private static final class Writer {
    final String transaction;
    final List<Long> drawn = new ArrayList<>();
    boolean holdsLock;
    boolean ending;

    Writer(String transaction) {
      this.transaction = transaction;
    }
  }

  private static final class Model {
    final Random random;
    final TreeMap<Long, Event> visible = new TreeMap<>();
    final Map<Integer, Writer> writers = new HashMap<>();
    final List<Long> delivered = new ArrayList<>();
    final HeadDecider decider = new HeadDecider(0);
    final int writerCount;
    long now;
    long lastValue;
    long startedAt = -1;
    int transactions;
    Optional<Cursor> stored = Optional.empty();

    Model(long seed, int writerCount) {
      this.random = new Random(seed);
      this.writerCount = writerCount;
    }

    int startIndex() {
      return visible.headMap(startedAt, true).size();
    }

    void anyStep() {
      switch (random.nextInt(8)) {
        case 0, 1, 2, 3 -> writerStep(random.nextInt(writerCount));
        case 4 -> decider.onWake(now);
        case 5 -> {
          if (random.nextInt(20) == 0) {
            decider.connectionLost(now);
          }
        }
        default -> read();
      }
    }

    void writerStep(int number) {
      Writer writer = writers.get(number);
      if (writer == null) {
        writers.put(number, new Writer("t" + ++transactions));
      } else if (!writer.holdsLock) {
        writer.holdsLock = true;
      } else if (writer.ending) {
        // the lock goes after the rows have become visible
        writers.remove(number);
      } else if (random.nextInt(3) > 0) {
        lastValue += random.nextInt(10) == 0 ? 30 : 1;
        writer.drawn.add(lastValue);
      } else {
        writer.ending = true;
        if (random.nextInt(4) > 0) {
          for (long position : writer.drawn) {
            // a savepoint may have rolled some back
            if (random.nextInt(6) > 0) {
              assertThat(position)
                  .as("committed after it was decided")
                  .isGreaterThan(decider.isFollowing() ? decider.head().position() : 0);
              visible.put(position, event(position));
            }
          }
        }
      }
    }

    void read() {
      NextRead next = decider.next();
      now = Math.max(now + random.nextInt((int) MILLI), next.notBefore());
      List<Decision> decisions =
          switch (next.kind()) {
            case MARK -> decider.onMark(stored, now);
            case RETIRED -> decider.onRetired(Optional.empty(), now);
            case HIGHEST ->
                decider.onHighest(
                    visible.isEmpty()
                        ? Optional.empty()
                        : Optional.of(visible.lastEntry().getValue().cursor()),
                    now);
            case ROWS -> {
              List<Event> rows =
                  visible.tailMap(decider.head().position(), true).values().stream()
                      .filter(row -> row.position() <= decider.ceiling())
                      .limit(1 + 1 + random.nextInt(5))
                      .toList();
              yield decider.onRows(rows, now);
            }
            case LOCKS ->
                decider.onLocks(
                    new LockRead(
                        writers.values().stream()
                            .filter(writer -> writer.holdsLock)
                            .map(writer -> writer.transaction)
                            .collect(java.util.stream.Collectors.toSet()),
                        false,
                        lastValue,
                        false),
                    MILLI / 10,
                    now);
            case REST -> {
              decider.onPoll(now);
              yield List.of();
            }
          };
      for (Decision decision : decisions) {
        if (decision instanceof Decision.Restart restart) {
          assertThat(startedAt).as("restarts only once").isEqualTo(-1);
          startedAt = restart.head().position();
        } else if (decision instanceof Decision.Deliver deliver) {
          deliver.events().forEach(event -> delivered.add(event.position()));
          assertThat(deliver.head().position()).isEqualTo(delivered.get(delivered.size() - 1));
          stored = Optional.of(deliver.head());
        } else {
          throw new AssertionError(decision.toString());
        }
      }
    }

    void finish() {
      while (!writers.isEmpty()) {
        writerStep(writers.keySet().iterator().next());
      }
      decider.onWake(now);
      for (int i = 0; i < 300 && (i == 0 || decider.next().kind() != NextRead.Kind.REST); i++) {
        read();
      }
    }

    static Event event(long position) {
      return new Event(
          position, "o", "/p", "put", Optional.empty(), Instant.ofEpochSecond(1_000 + position));
    }
  }
}
