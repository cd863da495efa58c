package dev.gapless.tail;

import dev.gapless.tail.ModelReader.View;
import dev.gapless.tail.ModelSearch.Violation;
import dev.gapless.tail.ModelSearch.Visit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A path of the model in words. */
final class ModelTrace {
  private static final String READER = "The reader";

  private final ModelReader reader;
  private final StringBuilder text = new StringBuilder();
  private String actor = "";

  private ModelTrace(ModelReader reader) {
    this.reader = reader;
  }

  /** Steps of the same actor in one sentence, and at the end what is wrong. */
  static String of(Violation violation, ModelReader reader) {
    ModelTrace trace = new ModelTrace(reader);
    violation.path().forEach(trace::visit);
    return trace.text + ". So " + violation.what() + ".";
  }

  private void visit(Visit visit) {
    ModelStep step = visit.step();
    String who = step.writer() < 0 ? "" : visit.names().get(step.writer());
    switch (step.kind()) {
      case LOCK -> say(who, "takes the sequence's lock");
      case DRAW -> say(who, "draws " + step.value());
      case WRITE -> {}
      case LEAVE_HOLE -> say(who, "never uses it");
      case TRY_ELECTION ->
          say(
              who,
              visit.after().writers().get(step.writer()).elected()
                  ? "is elected"
                  : "skips its hint");
      case TO_SAVEPOINT -> say(who, "rolls back to a savepoint");
      case COMMIT -> say(who, "commits");
      case ROLL_BACK -> say(who, "rolls back");
      case PREPARE -> say(who, "is prepared");
      case RELEASE_SEQUENCE -> say(who, "gives back the sequence's lock");
      case RELEASE_ELECTION -> say(who, "gives back the election lock");
      case HINT -> say("The hint of " + who, "arrives");
      case WAKE -> say("A wake", "arrives");
      case READ -> read(visit);
      case LOOK -> look(visit);
      case POLL -> say(READER, "polls");
      case STORE_MARK -> say(READER, "stores the mark " + step.value());
      case RECONNECT -> say(READER, "connects again");
      case RESTART_READER -> say(READER, "starts again");
      case CRASH ->
          say("PostgreSQL", step.value() == 0 ? "crashes" : "crashes and skips " + step.value());
      case RESTORE ->
          say(
              "The log",
              step.value() == 1
                  ? "loses its last commit"
                  : "loses its last " + step.value() + " commits");
    }
  }

  private void say(String who, String what) {
    if (who.equals(actor)) {
      text.append(", ").append(what);
    } else {
      text.append(text.isEmpty() ? "" : ". ").append(who).append(' ').append(what);
    }
    actor = who;
  }

  private void look(Visit visit) {
    say(READER, "looks who holds the sequence's lock: " + holders(visit.after().look(), visit));
  }

  private static String holders(int look, Visit visit) {
    String holders =
        IntStream.range(0, visit.names().size())
            .filter(i -> (look >> 2 * i & 3) != 0)
            .mapToObj(visit.names()::get)
            .sorted()
            .collect(Collectors.joining(" and "));
    return holders.isEmpty() ? "nobody" : holders;
  }

  private void read(Visit visit) {
    View before = reader.view(visit.before().reader());
    View after = reader.view(visit.after().reader());
    String what =
        switch (before.next()) {
          case MARK -> "reads the mark: " + (visit.before().mark() & ModelState.SECOND - 1);
          case RETIRED -> "reads what is retired: nothing";
          case HIGHEST -> "reads the highest row";
          case LOCKS ->
              "looks at the election lock: "
                  + (visit.before().electionHolder() < 0 ? "free" : "held");
          case ROWS -> rows(visit, before);
          case REST -> throw new IllegalStateException();
        };
    say(READER, what);
    if (after.head().position() > before.head().position()
        && before.following()
        && after.following()) {
      say(READER, "delivers up to " + after.head().position());
    } else if (!before.following() && after.following()) {
      say(READER, "follows from " + after.head().position());
    }
    if (after.isResting()) {
      say(READER, "rests");
    }
  }

  private static String rows(Visit visit, View before) {
    int above = ModelState.above(before.head().position());
    String rows =
        ModelState.positions(visit.step().value() & above).stream()
            .map(String::valueOf)
            .collect(Collectors.joining(" and "));
    return rows.isEmpty() ? "reads no new row" : "reads " + rows;
  }
}
