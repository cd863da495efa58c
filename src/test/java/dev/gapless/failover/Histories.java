package dev.gapless.failover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.event.Cursor;
import dev.gapless.failover.Watched.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The histories that the log has had, one after the other, and the judgement of what a client was
 * given in their course. The client may go from one history to the next where the event that its
 * cursor names is in both, and only there; otherwise it has to be reset. In one history it gets
 * exactly the events it asked for, after its cursor, in order.
 *
 * <p>It is not known at which moment a node changed histories. So a client is judged in all
 * histories it may be in after each frame, and it is wrong if there is none left.
 */
final class Histories {
  /** With what the sequence had handed out before anybody wrote into it. */
  private record Past(History history, long handedOutAtFirst) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Past> past = new ArrayList<>();
  private long handedOutAtFirst;

  /** The number of the current history. */
  int current() {
    return past.size();
  }

  /**
   * The current history is over.
   *
   * @param complete all its events that a node can have seen
   * @param next the one that follows, as it is before anybody writes into it
   */
  void over(History complete, History next) {
    past.add(new Past(complete, handedOutAtFirst));
    handedOutAtFirst = next.handedOut();
  }

  /**
   * @param now the current history, complete
   * @return in how many resets the client was told that it cannot go on
   * @throws AssertionError if the client was given anything else than what it had to be given
   */
  int judge(Watched watched, History now) {
    return new Judgement(watched, now).run();
  }

  private final class Judgement {
    private final Watched watched;
    private final History now;
    private final List<Frame> frames;
    private SortedSet<Integer> in = new TreeSet<>();
    private Cursor cursor;
    private boolean opened;
    private int resets;
    private int at;

    Judgement(Watched watched, History now) {
      this.watched = watched;
      this.now = now;
      this.frames = watched.frames();
      this.cursor = watched.start().orElse(Cursor.EARLIEST);
      this.opened = watched.start().isPresent();
      for (int i = watched.since(); i <= current(); i++) {
        in.add(i);
      }
    }

    int run() {
      for (at = 0; at < frames.size(); at++) {
        Frame frame = frames.get(at);
        Cursor id = Cursor.parse(frame.id()).orElseThrow(() -> wrong("an id that is no cursor"));
        switch (frame.name()) {
          case "event" -> onEvent(id);
          case "gapless.reset" -> onReset(id, frame.data());
          default -> onOther(id);
        }
      }
      at = frames.size();
      in = reachable();
      if (!in.contains(current())) {
        throw wrong("its cursor's event is lost and it was not reset");
      }
      next(current())
          .ifPresent(
              missed -> {
                throw wrong("it still misses " + missed);
              });
      return resets;
    }

    private void onEvent(Cursor id) {
      SortedSet<Integer> possible = reachable();
      possible.removeIf(i -> next(i).filter(id::equals).isEmpty());
      if (possible.isEmpty()) {
        throw wrong("it should not have got this event");
      }
      in = possible;
      cursor = id;
    }

    /** Where it stands: what it asked for is not between. */
    private void onOther(Cursor id) {
      if (id.equals(cursor)) {
        opened = true;
        return;
      }
      SortedSet<Integer> possible = reachable();
      possible.removeIf(
          i ->
              !history(i).has(id)
                  || (opened && id.position() < cursor.position())
                  || (opened && next(i).filter(e -> e.position() <= id.position()).isPresent()));
      if (possible.isEmpty()) {
        throw wrong("it cannot be there");
      }
      opened = true;
      in = possible;
      cursor = id;
    }

    private void onReset(Cursor id, String data) {
      SortedSet<Integer> told = new TreeSet<>();
      String reason = reason(data);
      for (int from : in) {
        for (int i = from + 1; i <= current(); i++) {
          if (!history(i).has(cursor) && mayBe(reason, i)) {
            told.add(i);
          }
        }
      }
      if (told.isEmpty()) {
        throw wrong("it should not have been reset: its cursor " + cursor + " is good");
      }
      if (!id.isEarliest()) {
        throw wrong("it should go on from the beginning");
      }
      in = told;
      cursor = id;
      resets++;
    }

    private boolean mayBe(String reason, int history) {
      boolean handedOut = cursor.position() <= history(history).handedOut();
      boolean notAtFirst = cursor.position() > handedOutAtFirst(history);
      return switch (reason) {
        case "diverged" -> handedOut;
        case "ahead" -> notAtFirst;
        default -> false;
      };
    }

    /** The histories it can be in now, without any frame. */
    private SortedSet<Integer> reachable() {
      SortedSet<Integer> reachable = new TreeSet<>();
      for (int from : in) {
        reachable.add(from);
        for (int i = from + 1; i <= current(); i++) {
          if (history(i).has(cursor)) {
            reachable.add(i);
          }
        }
      }
      return reachable;
    }

    private Optional<Cursor> next(int history) {
      return history(history).next(cursor.position(), watched.wanted());
    }

    private History history(int number) {
      return number == current() ? now : past.get(number).history();
    }

    private AssertionError wrong(String what) {
      int from = Math.max(0, at - 5);
      List<String> expected = new ArrayList<>();
      for (int i : reachable()) {
        expected.add(i + ": " + next(i).map(Cursor::toString).orElse("nothing"));
      }
      return new AssertionError(
          "%s: %s; frame %d of %d: %s; before: %s; it was in history %s of %d at %s, where next is %s"
              .formatted(
                  watched.asks(),
                  what,
                  at,
                  frames.size(),
                  at < frames.size() ? frames.get(at) : "the end",
                  frames.subList(from, Math.min(at, frames.size())),
                  in,
                  current(),
                  cursor,
                  expected));
    }
  }

  private long handedOutAtFirst(int history) {
    return history == current() ? handedOutAtFirst : past.get(history).handedOutAtFirst();
  }

  private static String reason(String data) {
    try {
      JsonNode reset = JSON.readTree(data);
      return reset.path("reason").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
