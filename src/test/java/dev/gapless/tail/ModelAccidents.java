package dev.gapless.tail;

import dev.gapless.tail.ModelInput.What;
import dev.gapless.tail.ModelState.Left;
import dev.gapless.tail.ModelStep.Kind;
import dev.gapless.tail.ModelWorld.Sink;
import dev.gapless.tail.ModelWriter.Hint;
import dev.gapless.tail.ModelWriter.Phase;
import java.util.ArrayList;
import java.util.List;

/** What can happen to the server and its log. */
final class ModelAccidents {
  private final ModelBounds bounds;
  private final ModelReader reader;

  ModelAccidents(ModelBounds bounds, ModelReader reader) {
    this.bounds = bounds;
    this.reader = reader;
  }

  void steps(ModelState state, Sink sink) {
    if (state.left().crashes() > 0) {
      crash(state, 0, sink);
      crash(state, 1, sink);
    }
    if (state.left().restores() > 0) {
      for (int lost = 1; state.commits() >> 8 * (lost - 1) != 0; lost++) {
        restore(state, lost, sink);
      }
    }
  }

  /**
   * It is killed and started again. What was in flight is rolled back, but not what is prepared;
   * all hints on their way are lost, and the sequence may have skipped positions.
   */
  private void crash(ModelState state, int skip, Sink sink) {
    if (state.lastValue() + skip > bounds.positions()) {
      return;
    }
    List<ModelWriter> writers = afterCrash(state.writers());
    ModelState next =
        new ModelState(
            writers,
            state.lastValue() + skip,
            state.visible(),
            state.reborn(),
            ModelState.NO_LOOK,
            afterLostConnection(state),
            true,
            state.mark(),
            state.commits(),
            state.left().without(Left.ONE_CRASH));
    sink.accept(ModelStep.of(Kind.CRASH, skip), next, null);
  }

  private static List<ModelWriter> afterCrash(List<ModelWriter> before) {
    List<ModelWriter> writers = new ArrayList<>(before);
    for (int i = 0; i < writers.size(); i++) {
      if (writers.get(i).isOpen() && writers.get(i).phase() != Phase.PREPARED) {
        writers = ModelWorld.resolved(writers, i, false);
        writers.set(i, writers.get(i).rolledBack());
      }
    }
    for (int i = 0; i < writers.size(); i++) {
      ModelWriter writer = writers.get(i);
      if (writer.phase() == Phase.PREPARED) {
        writers.set(i, writer.renumbered());
      } else if (writer.hasEnded()) {
        writers.set(i, writer.hintTo(Hint.NONE).in(Phase.DONE));
      }
    }
    return List.copyOf(writers);
  }

  /**
   * The log goes back to where it stood after some of its commits: what came later is gone, and its
   * positions are handed out again.
   */
  private void restore(ModelState state, int lost, Sink sink) {
    int visible = 0;
    for (long commits = state.commits() >> 8 * lost; commits != 0; commits >>= 8) {
      visible |= (int) commits & 0xff;
    }
    if (hasLostWhatWasServed(state, visible)) {
      // the row at the head survived and one below it did not: docs/guarantees.md, what cannot be
      // detected
      return;
    }
    List<ModelWriter> writers = new ArrayList<>(state.writers());
    for (int i = 0; i < writers.size(); i++) {
      if (writers.get(i).phase() != Phase.IDLE) {
        ModelWriter writer = writers.get(i);
        writers.set(
            i,
            new ModelWriter(
                Phase.DONE,
                0,
                0,
                writer.rows() & visible,
                false,
                0,
                writer.hinted(),
                Hint.NONE,
                false));
      }
    }
    ModelState next =
        new ModelState(
            List.copyOf(writers),
            ModelState.highest(visible),
            visible,
            0,
            ModelState.NO_LOOK,
            afterLostConnection(state),
            true,
            (visible & 1 << state.mark()) != 0 ? state.mark() : 0,
            0,
            state.left().without(Left.ONE_RESTORE));
    sink.accept(ModelStep.of(Kind.RESTORE, lost), next, null);
  }

  private boolean hasLostWhatWasServed(ModelState state, int visible) {
    int head = (int) reader.view(state.reader()).head().position();
    int served = state.visible() & ~ModelState.above(head);
    return (visible & 1 << head) != 0 && (served & ~visible) != 0;
  }

  private int afterLostConnection(ModelState state) {
    return reader.give(state.reader(), ModelInput.of(What.CONNECTION_LOST)).state();
  }
}
