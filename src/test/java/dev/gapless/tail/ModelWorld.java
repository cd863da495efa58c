package dev.gapless.tail;

import dev.gapless.tail.ModelBounds.Part;
import dev.gapless.tail.ModelReader.View;
import dev.gapless.tail.ModelStep.Kind;
import dev.gapless.tail.ModelWriter.Hint;
import dev.gapless.tail.ModelWriter.Phase;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The steps of PostgreSQL and its writers that can follow a state of the model. */
final class ModelWorld {
  private static final int NOBODY = -1;

  /** Where the steps go. */
  interface Sink {
    /**
     * @param violation what must not be, or null
     */
    void accept(ModelStep step, ModelState next, @Nullable String violation);
  }

  private final ModelBounds bounds;
  private final ModelReader reader;

  ModelWorld(ModelBounds bounds, ModelReader reader) {
    this.bounds = bounds;
    this.reader = reader;
  }

  /**
   * Whether a row is written in the middle of a transaction is noticed by nobody, so it makes no
   * difference what else happens before: these steps are taken at once.
   */
  boolean unnoticedSteps(ModelState state, Sink sink) {
    for (int i = 0; i < state.writers().size(); i++) {
      if (state.writers().get(i).phase() == Phase.DRAWN) {
        writerSteps(state, i, sink);
        return true;
      }
    }
    return false;
  }

  void steps(ModelState state, Sink sink) {
    for (int i = 0; i < state.writers().size(); i++) {
      writerSteps(state, i, sink);
    }
  }

  private void writerSteps(ModelState state, int number, Sink sink) {
    ModelWriter writer = state.writers().get(number);
    switch (writer.phase()) {
      case IDLE -> {
        if (number == 0 || state.writers().get(number - 1).phase() != Phase.IDLE) {
          move(state, number, Kind.LOCK, writer.in(Phase.LOCKED), sink);
        }
      }
      case LOCKED -> {
        draw(state, number, sink);
        if (writer.draws() > 0 && bounds.has(Part.HINTS)) {
          // a statement that has written no row ends with the trigger too
          tryElection(state, number, sink);
        }
        end(state, number, Kind.ROLL_BACK, sink);
      }
      case DRAWN -> {
        move(state, number, Kind.WRITE, writer.wrote(), sink);
        move(state, number, Kind.LEAVE_HOLE, writer.leftHole(), sink);
      }
      case WRITTEN -> {
        draw(state, number, sink);
        if (bounds.has(Part.HINTS)) {
          tryElection(state, number, sink);
        } else {
          endOfStatement(state, number, sink);
        }
      }
      case TRIED -> {
        draw(state, number, sink);
        endOfStatement(state, number, sink);
      }
      case PREPARED -> {
        end(state, number, Kind.COMMIT, sink);
        end(state, number, Kind.ROLL_BACK, sink);
      }
      case ENDED ->
          move(
              state,
              number,
              Kind.RELEASE_SEQUENCE,
              writer.in(writer.elected() ? Phase.RELEASED : Phase.DONE),
              sink);
      case RELEASED -> move(state, number, Kind.RELEASE_ELECTION, writer.in(Phase.DONE), sink);
      case DONE -> {}
    }
  }

  private void endOfStatement(ModelState state, int number, Sink sink) {
    ModelWriter writer = state.writers().get(number);
    end(state, number, Kind.COMMIT, sink);
    end(state, number, Kind.ROLL_BACK, sink);
    if (bounds.has(Part.SAVEPOINTS) && writer.draws() < bounds.draws()) {
      toSavepoint(state, number, sink);
    }
    if (bounds.has(Part.PREPARED) && !writer.elected()) {
      move(state, number, Kind.PREPARE, writer.in(Phase.PREPARED), sink);
    }
  }

  private void draw(ModelState state, int number, Sink sink) {
    ModelWriter writer = state.writers().get(number);
    int position = state.lastValue() + 1;
    if (writer.draws() < bounds.draws() && position <= bounds.positions()) {
      List<ModelWriter> writers = with(state.writers(), number, writer.drew(position));
      sink.accept(
          new ModelStep(Kind.DRAW, number, position),
          state.withDraw(writers, hasGoneBack(state)),
          null);
    }
  }

  private boolean hasGoneBack(ModelState state) {
    return state.left().restores() < bounds.left().restores();
  }

  private void tryElection(ModelState state, int number, Sink sink) {
    ModelWriter writer = state.writers().get(number);
    int holder = state.electionHolder();
    ModelWriter tried;
    if (holder == NOBODY || holder == number) {
      tried = writer.tried(true, writer.notifiers() | 1 << number, writer.hinted());
    } else {
      ModelWriter other = state.writers().get(holder);
      tried =
          other.hasEnded()
              ? writer.tried(
                  false, writer.notifiers(), writer.hinted() || other.hint() != Hint.NONE)
              : writer.tried(false, writer.notifiers() | 1 << holder, writer.hinted());
    }
    move(state, number, Kind.TRY_ELECTION, tried, sink);
  }

  private void toSavepoint(ModelState state, int number, Sink sink) {
    List<ModelWriter> writers = resolved(state.writers(), number, false);
    writers.set(number, state.writers().get(number).rolledBackToSavepoint());
    sink.accept(
        new ModelStep(Kind.TO_SAVEPOINT, number, 0), state.withWriters(List.copyOf(writers)), null);
  }

  private void end(ModelState state, int number, Kind kind, Sink sink) {
    ModelWriter writer = state.writers().get(number);
    boolean commits = kind == Kind.COMMIT;
    List<ModelWriter> writers = resolved(state.writers(), number, commits);
    ModelWriter covered = writers.get(number);
    writers.set(number, commits ? covered.committed() : covered.rolledBack());
    int rows = commits ? writer.rows() : 0;
    boolean remembered = bounds.left().restores() > 0 && !hasGoneBack(state) && rows != 0;
    sink.accept(
        new ModelStep(kind, number, 0),
        state.withCommit(List.copyOf(writers), rows, remembered),
        skipped(state, rows));
  }

  /** Nothing may appear where the head has passed. */
  private @Nullable String skipped(ModelState state, int rows) {
    View view = reader.view(state.reader());
    int passed = rows & ~ModelState.above(view.head().position());
    return view.following() && passed != 0 && state.hasRow(view.head())
        ? "position "
            + Integer.numberOfTrailingZeros(passed)
            + " was committed after the head had passed it: skipped"
        : null;
  }

  /** With what the end of this one means for those it notifies for. */
  static List<ModelWriter> resolved(List<ModelWriter> writers, int number, boolean committed) {
    List<ModelWriter> resolved = new ArrayList<>(writers.size());
    boolean notifies = writers.get(number).elected();
    for (ModelWriter writer : writers) {
      resolved.add(notifies ? writer.without(number, committed) : writer);
    }
    return resolved;
  }

  private void move(ModelState state, int number, Kind kind, ModelWriter moved, Sink sink) {
    sink.accept(
        new ModelStep(kind, number, 0),
        state.withWriters(with(state.writers(), number, moved)),
        null);
  }

  private static List<ModelWriter> with(
      List<ModelWriter> writers, int number, ModelWriter changed) {
    ModelWriter[] copy = writers.toArray(new ModelWriter[0]);
    copy[number] = changed;
    return List.of(copy);
  }
}
