package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.tail.ModelBounds.Part;
import dev.gapless.tail.ModelInput.What;
import dev.gapless.tail.ModelReader.Answer;
import dev.gapless.tail.ModelReader.View;
import dev.gapless.tail.ModelState.Left;
import dev.gapless.tail.ModelStep.Kind;
import dev.gapless.tail.ModelWorld.Sink;
import dev.gapless.tail.ModelWriter.Hint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link LogTailActor} does with the decider, one message a step: a statement that the decider
 * asks for, a wake, a poll at rest, another connection.
 *
 * <p>Each statement is one step, but for the look at the locks: PostgreSQL first collects what
 * backends keep for themselves, which is where a lock on a sequence stands, and then reads the
 * common table, where an advisory lock stands. Writers go on between the two.
 */
final class ModelFollower {
  private static final int LONGEST_PASS = 200;

  private final ModelBounds bounds;
  private final ModelReader reader;

  ModelFollower(ModelBounds bounds, ModelReader reader) {
    this.bounds = bounds;
    this.reader = reader;
  }

  void steps(ModelState state, Sink sink) {
    read(state, sink);
    if (!state.isLooking()) {
      // a wake waits for the end of the statement
      wake(state, sink);
    }
    View view = reader.view(state.reader());
    Cursor head = view.head();
    if (bounds.has(Part.MARKS) && view.following() && !head.isEarliest() && !state.isMarked(head)) {
      // one that has gone back is replaced, see MarkKeeper
      sink.accept(ModelStep.of(Kind.STORE_MARK, (int) head.position()), state.withMark(head), null);
    }
    if (state.left().reconnects() > 0) {
      int lost = reader.give(state.reader(), ModelInput.of(What.CONNECTION_LOST)).state();
      sink.accept(
          ModelStep.of(Kind.RECONNECT),
          state.withReader(lost, ModelState.NO_LOOK).after(Left.ONE_RECONNECT),
          null);
    }
    if (state.left().restarts() > 0) {
      sink.accept(
          ModelStep.of(Kind.RESTART_READER),
          state.withReader(reader.started(), ModelState.NO_LOOK).after(Left.ONE_RESTART),
          null);
    }
  }

  private void wake(ModelState state, Sink sink) {
    int woken = reader.give(state.reader(), ModelInput.of(What.WAKE)).state();
    ModelState after = state.withReader(woken, ModelState.NO_LOOK);
    for (int i = 0; i < state.writers().size(); i++) {
      ModelWriter writer = state.writers().get(i);
      if (writer.hint() == Hint.UNDER_WAY) {
        List<ModelWriter> writers = new ArrayList<>(state.writers());
        writers.set(i, writer.hintTo(Hint.RECEIVED));
        sink.accept(new ModelStep(Kind.HINT, i, 0), after.withWriters(List.copyOf(writers)), null);
      }
    }
    if (state.wake()) {
      sink.accept(ModelStep.of(Kind.WAKE), after.withWake(false), null);
    } else if (!bounds.has(Part.HINTS)) {
      sink.accept(ModelStep.of(Kind.WAKE), after, null);
    }
  }

  /** The next statement, or its second half; with both answers to whether pauses are over. */
  private void read(ModelState state, Sink sink) {
    View view = reader.view(state.reader());
    if (state.isLooking()) {
      either(state, statement(state, view), sink);
      return;
    }
    switch (view.next()) {
      case MARK, RETIRED, HIGHEST -> either(state, statement(state, view), sink);
      case LOCKS ->
          sink.accept(
              ModelStep.of(Kind.LOOK),
              state.withReader(state.reader(), state.sequenceHolders()),
              null);
      case ROWS -> {
        ModelInput all = statement(state, view);
        either(state, all, sink);
        ModelInput page = ModelInput.of(What.ROWS, shortestPage(all.bits(), view), state.reborn());
        if (!page.equals(all)) {
          either(state, page, sink);
        }
      }
      case REST -> {
        if (bounds.has(Part.POLLS)) {
          sink.accept(ModelStep.of(Kind.POLL), polled(state), null);
        }
      }
    }
  }

  /** What the next statement finds at this moment, if it is not cut to a page. */
  private static ModelInput statement(ModelState state, View view) {
    return switch (view.next()) {
      case MARK -> {
        int position = state.mark() & ModelState.SECOND - 1;
        yield ModelInput.of(What.MARK, position == 0 ? 0 : 1 << position, state.markReborn());
      }
      case RETIRED -> ModelInput.of(What.RETIRED);
      case HIGHEST ->
          ModelInput.of(What.HIGHEST, Integer.highestOneBit(state.visible()), state.reborn());
      case LOCKS -> ModelInput.locks(state.look(), state.electionHolder() >= 0, state.lastValue());
      case ROWS -> {
        int upTo = (int) Math.min(view.ceiling(), ModelState.MAX_POSITION);
        int from = ModelState.above(view.head().position() - 1) & ~ModelState.above(upTo);
        yield ModelInput.of(What.ROWS, state.visible() & from, state.reborn());
      }
      case REST -> throw new IllegalStateException("no statement at rest");
    };
  }

  /** The row of the head, if it is there, and one more. */
  private static int shortestPage(int rows, View view) {
    int anchor = rows & 1 << (int) view.head().position();
    return anchor | Integer.lowestOneBit(rows & ~anchor);
  }

  ModelState polled(ModelState state) {
    return state.withReader(
        reader.give(state.reader(), ModelInput.of(What.POLL)).state(), ModelState.NO_LOOK);
  }

  /** From here on alone, with no pause that is not over: the state it rests in, if it rests. */
  @Nullable ModelState rest(ModelState from) {
    ModelState state = from;
    for (int i = 0; i < LONGEST_PASS; i++) {
      View view = reader.view(state.reader());
      if (view.isResting()) {
        return state;
      }
      ModelState looking = state.withReader(state.reader(), state.sequenceHolders());
      ModelInput found =
          statement(view.next() == NextRead.Kind.LOCKS ? looking : state, view).whenLate();
      state = state.withReader(reader.give(state.reader(), found).state(), ModelState.NO_LOOK);
    }
    return null;
  }

  private void either(ModelState state, ModelInput found, Sink sink) {
    Answer soon = reader.give(state.reader(), found);
    Answer late = reader.give(state.reader(), found.whenLate());
    answer(state, ModelStep.of(Kind.READ, found.bits()), soon, sink);
    if (late.state() != soon.state()) {
      answer(state, ModelStep.of(Kind.READ, found.bits()), late, sink);
    }
  }

  private void answer(ModelState state, ModelStep step, Answer answer, Sink sink) {
    sink.accept(
        step,
        state.withReader(answer.state(), ModelState.NO_LOOK),
        ModelChecks.decisions(state, reader.view(state.reader()), answer.decisions()));
  }
}
