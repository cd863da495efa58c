package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.log.HeadReads.Removed;
import dev.gapless.tail.NextRead.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The real {@link HeadDecider}, made a function from state and input to state: its states are
 * numbered, each pair is tried once, on a decider that has been given the inputs that lead to the
 * state.
 *
 * <p>Time is an adversary. No state holds a time; with each input comes whether all moments the
 * decider waits for have passed, or none. So what is found does not depend on any pace.
 */
final class ModelReader {
  private static final long NOTHING_DUE = 1;
  private static final long ALL_DUE = 3_600_000_000_000L;
  private static final long MILLI = 1_000_000;

  record Answer(int state, List<Decision> decisions) {}

  /** What the interpreter of the decider sees of it. */
  record View(Kind next, boolean following, Cursor head, long ceiling) {
    boolean isResting() {
      return next == Kind.REST;
    }
  }

  private record Question(int state, ModelInput input) {}

  private record Renumbering(int state, int places) {}

  private record Node(int parent, ModelInput input, View view) {}

  private static final ModelInput NONE = ModelInput.of(ModelInput.What.WAKE);

  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<Question, Answer> answers = new HashMap<>();
  private final Map<Renumbering, Integer> renumbered = new HashMap<>();
  private final DeciderFields fields = new DeciderFields();

  /** A decider that has just been made. */
  int started() {
    return number(new HeadDecider(0), -1, NONE);
  }

  View view(int state) {
    return nodes.get(state).view();
  }

  int states() {
    return nodes.size();
  }

  Answer give(int state, ModelInput input) {
    Question question = new Question(state, input);
    Answer known = answers.get(question);
    if (known == null) {
      known = ask(question);
      answers.put(question, known);
    }
    return known;
  }

  /** The same state with the writers under other numbers. */
  int renumbered(int state, int[] places) {
    Node node = nodes.get(state);
    if (node.parent() < 0) {
      return state;
    }
    Renumbering renumbering = new Renumbering(state, ModelSymmetry.code(places));
    Integer known = renumbered.get(renumbering);
    if (known == null) {
      known = give(renumbered(node.parent(), places), node.input().renumbered(places)).state();
      renumbered.put(renumbering, known);
    }
    return known;
  }

  private Answer ask(Question question) {
    HeadDecider decider = new HeadDecider(0);
    Deque<ModelInput> path = new ArrayDeque<>();
    for (int at = question.state(); nodes.get(at).parent() >= 0; at = nodes.get(at).parent()) {
      path.push(nodes.get(at).input());
    }
    path.forEach(input -> apply(decider, input));
    List<Decision> decisions = apply(decider, question.input());
    return new Answer(number(decider, question.state(), question.input()), decisions);
  }

  private int number(HeadDecider decider, int parent, ModelInput input) {
    String key = fields.describe(decider);
    Integer known = numbers.get(key);
    if (known != null) {
      return known;
    }
    View view =
        new View(decider.next().kind(), decider.isFollowing(), decider.head(), decider.ceiling());
    nodes.add(new Node(parent, input, view));
    numbers.put(key, nodes.size() - 1);
    return nodes.size() - 1;
  }

  private List<Decision> apply(HeadDecider decider, ModelInput input) {
    fields.setTimes(decider);
    long now = input.late() ? ALL_DUE : NOTHING_DUE;
    return switch (input.what()) {
      case MARK -> decider.onMark(input.cursor(), now);
      case RETIRED -> decider.onRemoved(Removed.NOTHING, now);
      case HIGHEST -> decider.onHighest(input.cursor(), now);
      case ROWS -> decider.onRows(input.rows(), now);
      case LOCKS -> decider.onLocks(input.lockRead(), MILLI, now);
      case WAKE -> {
        decider.onWake(now);
        yield List.of();
      }
      case POLL -> {
        decider.onPoll(now);
        yield List.of();
      }
      case CONNECTION_LOST -> {
        decider.connectionLost(now);
        yield List.of();
      }
    };
  }
}
