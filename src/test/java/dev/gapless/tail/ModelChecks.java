package dev.gapless.tail;

import dev.gapless.event.Event;
import dev.gapless.tail.ModelReader.View;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What must hold. Each check returns what is wrong, or null. */
final class ModelChecks {
  private record Ending(int reader, int lastValue, int visible, int reborn, int mark) {}

  private final ModelReader reader;
  private final ModelFollower follower;
  private final Set<Ending> goodEndings = new HashSet<>();

  ModelChecks(ModelReader reader, ModelFollower follower) {
    this.reader = reader;
    this.follower = follower;
  }

  /** Of a statement's consequences, on what is there at that moment. */
  static @Nullable String decisions(ModelState state, View before, List<Decision> decisions) {
    for (Decision decision : decisions) {
      String wrong = null;
      if (decision instanceof Decision.Deliver deliver) {
        wrong = delivery(state, before, deliver);
      } else if (decision instanceof Decision.Restart restart) {
        wrong =
            state.hasRow(restart.head())
                ? null
                : "the head is decided to be " + restart.head().position() + ", which is not there";
      } else if (decision instanceof Decision.Diverged) {
        wrong = state.hasRow(before.head()) ? "begins anew though its head is still there" : null;
      } else {
        wrong = "decides " + decision;
      }
      if (wrong != null) {
        return wrong;
      }
    }
    return null;
  }

  private static @Nullable String delivery(
      ModelState state, View before, Decision.Deliver deliver) {
    if (!state.hasRow(before.head())) {
      return "delivers after "
          + before.head().position()
          + " in a history in which that is not there";
    }
    int delivered = 0;
    int last = (int) before.head().position();
    for (Event event : deliver.events()) {
      int position = (int) event.position();
      if (position <= last) {
        return "delivers " + position + " after " + last;
      }
      if (!state.hasRow(event.cursor())) {
        return "delivers " + position + ", which is not there";
      }
      last = position;
      delivered |= 1 << position;
    }
    int there =
        state.visible() & ModelState.above(before.head().position()) & ~ModelState.above(last);
    if (last != deliver.head().position()) {
      return "delivers up to " + last + " and takes " + deliver.head().position() + " for decided";
    }
    return there == delivered
        ? null
        : "position "
            + Integer.numberOfTrailingZeros(there & ~delivered)
            + " is committed and not delivered with what follows it: skipped";
  }

  /** Of a state in itself. */
  @Nullable String state(ModelState state) {
    if (state.isLooking() || state.hintUnderWay()) {
      return null;
    }
    View view = reader.view(state.reader());
    if (view.isResting()) {
      String wrong = atRest(state, view);
      if (wrong != null) {
        return wrong;
      }
    }
    return state.allEnded() ? ending(state) : null;
  }

  private static @Nullable String atRest(ModelState state, View view) {
    if (!state.hasRow(view.head())) {
      return "the reader rests at a head that is of another history, and nobody is told";
    }
    for (ModelWriter writer : state.writers()) {
      if (writer.hasEnded() && writer.hinted()) {
        int left = writer.rows() & ModelState.above(view.head().position());
        if (left != 0) {
          return "position "
              + Integer.numberOfTrailingZeros(left)
              + " waits for the poll, though a hint that covers it was sent and received";
        }
      }
    }
    return null;
  }

  /** All transactions have ended: the reader comes to rest, and a poll finds what is left. */
  private @Nullable String ending(ModelState state) {
    Ending ending =
        new Ending(
            state.reader(), state.lastValue(), state.visible(), state.reborn(), state.mark());
    if (!goodEndings.add(ending)) {
      return null;
    }
    ModelState rested = follower.rest(state);
    if (rested == null) {
      return "does not come to rest though all have ended";
    }
    ModelState polled = follower.rest(follower.polled(rested));
    if (polled == null) {
      return "does not come to rest after a poll";
    }
    View end = reader.view(polled.reader());
    boolean all = (polled.visible() & ModelState.above(end.head().position())) == 0;
    return all && polled.hasRow(end.head()) ? null : "a poll does not find what is left";
  }
}
