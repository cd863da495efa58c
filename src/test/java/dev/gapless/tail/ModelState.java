package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.tail.ModelWriter.Hint;
import dev.gapless.tail.ModelWriter.Phase;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Everything the model knows at one moment. Sets of positions are bits: {@code 1 << position}.
 * Immutable.
 *
 * @param lastValue of the sequence
 * @param visible rows everybody sees
 * @param reborn positions that were handed out again after the log went back
 * @param look while the reader's look at the locks is half done: what it has found, two bits for
 *     each writer, {@link ModelWriter#shownAs}
 * @param reader the state of the decider, see {@link ModelReader}
 * @param wake whether a wake is under way to the reader besides the hints of the writers
 * @param mark the stored decided mark: a position, or 0; with {@link #SECOND} if it names the row
 *     of that position that came after the log went back
 * @param commits the rows of each commit in order, eight bits each, where the log may go back
 * @param left what may still go wrong
 */
record ModelState(
    List<ModelWriter> writers,
    int lastValue,
    int visible,
    int reborn,
    int look,
    int reader,
    boolean wake,
    int mark,
    long commits,
    Left left) {
  static final int MAX_WRITERS = 4;
  static final int MAX_POSITION = 6;
  static final int KEY_LENGTH = 4;

  static final int SECOND = 1 << 3;

  /** No look at the locks is under way. */
  static final int NO_LOOK = 1 << 2 * MAX_WRITERS;

  /** How often something may still happen: never or once. */
  record Left(int crashes, int reconnects, int restarts, int restores) {
    static final Left NOTHING = new Left(0, 0, 0, 0);
    static final Left ONE_CRASH = new Left(1, 0, 0, 0);
    static final Left ONE_RECONNECT = new Left(0, 1, 0, 0);
    static final Left ONE_RESTART = new Left(0, 0, 1, 0);
    static final Left ONE_RESTORE = new Left(0, 0, 0, 1);

    Left without(Left happened) {
      return new Left(
          crashes - happened.crashes,
          reconnects - happened.reconnects,
          restarts - happened.restarts,
          restores - happened.restores);
    }

    int code() {
      return crashes << 3 | reconnects << 2 | restarts << 1 | restores;
    }
  }

  /** Different for different states of one exploration. */
  void key(long[] into) {
    into[0] = pair(0);
    into[1] = pair(2);
    long world = reader;
    world = world << 3 | lastValue;
    world = world << 8 | visible;
    world = world << 8 | reborn;
    world = world << 9 | look;
    world = world << 1 | (wake ? 1 : 0);
    world = world << 4 | mark;
    into[2] = world << 4 | left.code();
    into[3] = commits;
  }

  private long pair(int first) {
    long one = first < writers.size() ? writers.get(first).code(true) : 0;
    long other = first + 1 < writers.size() ? writers.get(first + 1).code(true) : 0;
    return one << 32 | other;
  }

  boolean isLooking() {
    return look != NO_LOOK;
  }

  /** Who holds the election lock, or -1. */
  int electionHolder() {
    for (int i = 0; i < writers.size(); i++) {
      if (writers.get(i).holdsElection()) {
        return i;
      }
    }
    return -1;
  }

  int sequenceHolders() {
    int holders = 0;
    for (int i = 0; i < writers.size(); i++) {
      holders |= writers.get(i).shownAs() << 2 * i;
    }
    return holders;
  }

  static Event row(int position, int reborn) {
    boolean second = (reborn & 1 << position) != 0;
    return new Event(
        position,
        "o",
        second ? "/second" : "/first",
        "put",
        Optional.empty(),
        Instant.ofEpochSecond(position));
  }

  /** Whether this is the beginning, or the row it names is there, in this history. */
  boolean hasRow(Cursor cursor) {
    int position = (int) cursor.position();
    return cursor.isEarliest()
        || ((visible & 1 << position) != 0 && row(position, reborn).cursor().equals(cursor));
  }

  boolean hintUnderWay() {
    boolean underWay = wake;
    for (ModelWriter writer : writers) {
      underWay |= writer.hint() == Hint.UNDER_WAY;
    }
    return underWay;
  }

  boolean allEnded() {
    boolean ended = true;
    for (ModelWriter writer : writers) {
      ended &= writer.phase() == Phase.IDLE || writer.phase() == Phase.DONE;
    }
    return ended;
  }

  /** Positions above this one, as bits. */
  static int above(long position) {
    return -1 << (int) position + 1;
  }

  static List<Integer> positions(int bits) {
    List<Integer> positions = new ArrayList<>();
    for (int position = 0; position <= MAX_POSITION; position++) {
      if ((bits & 1 << position) != 0) {
        positions.add(position);
      }
    }
    return positions;
  }

  static int highest(int bits) {
    return bits == 0 ? 0 : Integer.SIZE - 1 - Integer.numberOfLeadingZeros(bits);
  }

  ModelState withReader(int next, int nextLook) {
    return new ModelState(
        writers, lastValue, visible, reborn, nextLook, next, wake, mark, commits, left);
  }

  ModelState withWriters(List<ModelWriter> next) {
    return new ModelState(
        next, lastValue, visible, reborn, look, reader, wake, mark, commits, left);
  }

  ModelState withCommit(List<ModelWriter> next, int rows, boolean remembered) {
    return new ModelState(
        next,
        lastValue,
        visible | rows,
        reborn,
        look,
        reader,
        wake,
        mark,
        remembered ? commits << 8 | rows : commits,
        left);
  }

  ModelState withDraw(List<ModelWriter> next, boolean again) {
    return new ModelState(
        next,
        lastValue + 1,
        visible,
        again ? reborn | 1 << lastValue + 1 : reborn,
        look,
        reader,
        wake,
        mark,
        commits,
        left);
  }

  ModelState withWake(boolean next) {
    return new ModelState(
        writers, lastValue, visible, reborn, look, reader, next, mark, commits, left);
  }

  boolean isMarked(Cursor cursor) {
    return cursor.position() == (mark & SECOND - 1)
        && row((int) cursor.position(), markReborn()).cursor().equals(cursor);
  }

  /** What the marked position was when it was marked, as {@link #reborn}. */
  int markReborn() {
    return (mark & SECOND) == 0 ? 0 : 1 << (mark & SECOND - 1);
  }

  ModelState withMark(Cursor cursor) {
    int position = (int) cursor.position();
    boolean first = row(position, 0).cursor().equals(cursor);
    return withMark(first ? position : position | SECOND);
  }

  ModelState withMark(int next) {
    return new ModelState(
        writers, lastValue, visible, reborn, look, reader, wake, next, commits, left);
  }

  ModelState after(Left happened) {
    return new ModelState(
        writers,
        lastValue,
        visible,
        reborn,
        look,
        reader,
        wake,
        mark,
        commits,
        left.without(happened));
  }
}
