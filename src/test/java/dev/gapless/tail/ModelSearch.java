package dev.gapless.tail;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Visits every state that can be reached within the bounds, those with the fewest steps first. */
final class ModelSearch {
  /**
   * @param path the steps that lead to what is wrong, and the states they lead to
   */
  record Violation(String what, List<Visit> path) {}

  /**
   * @param names of the writers at their places in {@code before}
   */
  record Visit(ModelStep step, ModelState before, ModelState after, List<String> names) {}

  /**
   * @param readerStates how many different states the decider was in
   */
  record Result(
      ModelBounds bounds, int states, long steps, int readerStates, Optional<Violation> violation) {

    String counts() {
      return "%s: %,d states, %,d steps, %,d states of the reader"
          .formatted(bounds.name(), states, steps, readerStates);
    }
  }

  private static final List<String> LETTERS = List.of("A", "B", "C", "D", "E");

  private final ModelBounds bounds;
  private final ModelReader reader = new ModelReader();
  private final ModelWorld world;
  private final ModelAccidents accidents;
  private final ModelFollower follower;
  private final ModelChecks checks;
  private final ModelSymmetry symmetry;

  private final ModelVisited visited = new ModelVisited();
  private final Deque<ModelState> frontier = new ArrayDeque<>();
  private final long[] key = new long[ModelState.KEY_LENGTH];
  private long steps;
  private @Nullable Violation violation;

  ModelSearch(ModelBounds bounds) {
    this.bounds = bounds;
    this.world = new ModelWorld(bounds, reader);
    this.accidents = new ModelAccidents(bounds, reader);
    this.follower = new ModelFollower(bounds, reader);
    this.checks = new ModelChecks(reader, follower);
    this.symmetry = new ModelSymmetry(reader);
  }

  ModelReader reader() {
    return reader;
  }

  Result run() {
    ModelState initial = initial();
    initial.key(key);
    visited.add(key, -1, 0);
    frontier.add(initial);
    for (int number = 0; !frontier.isEmpty() && violation == null; number++) {
      expand(frontier.remove(), number);
    }
    return new Result(
        bounds, visited.size(), steps, reader.states(), Optional.ofNullable(violation));
  }

  private void expand(ModelState state, int number) {
    int[] count = {0};
    raw(
        state,
        (step, next, wrong) -> {
          int which = count[0]++;
          if (violation == null) {
            steps++;
            reached(next, wrong, number, which);
          }
        });
  }

  private void reached(ModelState next, @Nullable String wrong, int parent, int which) {
    ModelState normal = symmetry.sorted(withoutDelivered(next));
    normal.key(key);
    if (wrong != null) {
      violation = new Violation(wrong, path(parent, which));
    } else if (visited.add(key, parent, which)) {
      String found = checks.state(normal);
      if (found == null) {
        frontier.add(normal);
      } else {
        violation = new Violation(found, path(parent, which));
      }
    }
  }

  private void raw(ModelState state, ModelWorld.Sink sink) {
    if (!world.unnoticedSteps(state, sink)) {
      world.steps(state, sink);
      accidents.steps(state, sink);
      follower.steps(state, sink);
    }
  }

  private ModelState withoutDelivered(ModelState state) {
    int undelivered = ModelState.above(reader.view(state.reader()).head().position());
    List<ModelWriter> writers = state.writers();
    for (int i = 0; i < writers.size(); i++) {
      ModelWriter normal = writers.get(i).withUndelivered(undelivered);
      if (normal != writers.get(i)) {
        if (writers == state.writers()) {
          writers = new ArrayList<>(writers);
        }
        writers.set(i, normal);
      }
    }
    return writers == state.writers() ? state : state.withWriters(List.copyOf(writers));
  }

  /** All steps from the initial state to this one, and one more. */
  private List<Visit> path(int to, int last) {
    Deque<Integer> choices = new ArrayDeque<>(List.of(last));
    for (int at = to; visited.parent(at) >= 0; at = visited.parent(at)) {
      choices.push(visited.step(at));
    }
    List<Visit> path = new ArrayList<>();
    ModelState state = initial();
    List<String> names = LETTERS.subList(0, bounds.writers());
    for (int choice : choices) {
      Visit visit = visit(state, choice, names);
      path.add(visit);
      names =
          IntStream.of(ModelSymmetry.order(visit.after().writers())).mapToObj(names::get).toList();
      state = symmetry.sorted(visit.after());
    }
    return path;
  }

  private Visit visit(ModelState before, int choice, List<String> names) {
    List<Visit> visits = new ArrayList<>();
    raw(
        before,
        (step, next, wrong) -> visits.add(new Visit(step, before, withoutDelivered(next), names)));
    return visits.get(choice);
  }

  private ModelState initial() {
    ModelState state =
        new ModelState(
            Collections.nCopies(bounds.writers(), ModelWriter.IDLE),
            0,
            0,
            0,
            ModelState.NO_LOOK,
            reader.started(),
            false,
            0,
            0,
            bounds.left());
    if (bounds.has(ModelBounds.Part.START)) {
      return state;
    }
    ModelState rested = follower.rest(state);
    if (rested == null) {
      throw new IllegalStateException("does not come to rest on an empty log");
    }
    return rested;
  }
}
