package dev.gapless.torture;

import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Subscriber.Control;
import dev.gapless.torture.Subscriber.Report;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The oracle: compares what a subscriber got with what is committed. It knows nothing of how the
 * product works.
 *
 * <p>Without lost commits the rule is: exactly the matching events after the start, in order, and
 * no reset. With lost commits: a reset if and only if the event that the subscriber's cursor named
 * is gone, and after the last one exactly the matching events from the earliest on.
 */
final class Verdict {
  /**
   * @param problems empty if all is well
   * @param phantoms events that it got and that a crash then took away, though the event its cursor
   *     named was committed before them and survived
   */
  record Finding(List<String> problems, List<String> phantoms) {}

  private final List<Row> rows;
  private final Map<Long, Row> byId = new HashMap<>();
  private final boolean commitsMayBeLost;

  /**
   * @param rows all that is committed, in order
   */
  Verdict(List<Row> rows, boolean commitsMayBeLost) {
    this.rows = rows;
    this.commitsMayBeLost = commitsMayBeLost;
    rows.forEach(row -> byId.put(row.id(), row));
  }

  /** The last position that a subscriber must have got; empty if there is none. */
  Optional<Long> lastExpected(Filter filter) {
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (filter.matches(rows.get(i))) {
        return Optional.of(rows.get(i).id());
      }
    }
    return Optional.empty();
  }

  Finding check(Report report) {
    List<String> problems = new ArrayList<>();
    List<String> phantoms = new ArrayList<>();
    report.refusals().forEach(refusal -> problems.add("answered " + refusal));
    List<Control> resets =
        report.controls().stream().filter(c -> c.event().equals("gapless.reset")).toList();
    int from = 0;
    for (Control reset : resets) {
      checkReset(reset).ifPresent(problems::add);
      checkAscending(report, from, reset.after()).ifPresent(problems::add);
      from = reset.after();
    }
    List<Row> expected = expected(report, resets.isEmpty());
    compare(report, from, expected, problems, phantoms);
    if (report.opened().isEmpty()) {
      problems.add("its stream never opened");
    }
    return new Finding(problems, phantoms);
  }

  private Optional<String> checkReset(Control reset) {
    if (!commitsMayBeLost) {
      return Optional.of("unjust: " + reset);
    }
    if (!reset.data().contains("\"reason\":\"diverged\"")
        && !reset.data().contains("\"reason\":\"ahead\"")) {
      return Optional.of("reset for a wrong reason: " + reset);
    }
    if (reset.before().isEmpty()) {
      return Optional.of("reset without a cursor: " + reset);
    }
    Row row = byId.get(Subscriber.position(reset.before()));
    return row != null && row.cursor().equals(reset.before())
        ? Optional.of("unjust, its event has survived: " + reset)
        : Optional.empty();
  }

  private static Optional<String> checkAscending(Report report, int from, int to) {
    for (int i = from + 1; i < to; i++) {
      if (report.positions()[i] <= report.positions()[i - 1]) {
        return Optional.of(
            "out of order before a reset: %d after %d"
                .formatted(report.positions()[i], report.positions()[i - 1]));
      }
    }
    return Optional.empty();
  }

  private List<Row> expected(Report report, boolean fromItsStart) {
    long start = 0;
    Optional<Instant> after = Optional.empty();
    if (fromItsStart) {
      if (report.plan().start() == Start.NOW) {
        Optional<Long> now = firstPosition(report);
        start = now.orElse(0L);
        after = now.isPresent() ? Optional.empty() : report.opened();
      } else {
        start = Subscriber.position(report.start());
      }
    }
    List<Row> expected = new ArrayList<>();
    for (Row row : rows) {
      if (row.id() > start
          && report.plan().filter().matches(row)
          && (after.isEmpty() || row.at().isAfter(after.get()))) {
        expected.add(row);
      }
    }
    return expected;
  }

  /** The position that its first frame named: where {@code now} was. */
  private static Optional<Long> firstPosition(Report report) {
    return report.controls().stream()
        .filter(control -> control.event().equals("gapless.open"))
        .limit(1)
        .filter(control -> !control.id().isEmpty())
        .map(control -> Subscriber.position(control.id()))
        .findFirst();
  }

  private void compare(
      Report report, int from, List<Row> expected, List<String> problems, List<String> phantoms) {
    boolean homeserver = report.plan().filter().homeserver();
    Set<Long> wanted = new HashSet<>();
    for (Row row : expected) {
      wanted.add(homeserver ? row.homeserverKey() : row.key());
    }
    // a stream that told no position at its begin may have begun earlier than we must expect
    boolean mayHaveMore =
        report.plan().start() == Start.NOW && from == 0 && firstPosition(report).isEmpty();
    Set<Long> got = new HashSet<>();
    List<String> foreign = new ArrayList<>();
    List<String> disorder = new ArrayList<>();
    long last = 0;
    for (int i = from; i < report.positions().length; i++) {
      long position = report.positions()[i];
      if (position <= last) {
        disorder.add(position + " after " + last);
      }
      last = position;
      if (!got.add(report.keys()[i])) {
        disorder.add(position + " twice");
      }
      if (!wanted.contains(report.keys()[i]) && !mayHaveMore) {
        foreign.add(Long.toString(position));
      }
    }
    List<String> missing = new ArrayList<>();
    for (Row row : expected) {
      if (!got.contains(homeserver ? row.homeserverKey() : row.key())) {
        missing.add(row.id() + " (at " + row.at() + ")");
      }
    }
    tell(
        "missing (its last event came %d ms before)".formatted(report.silent().toMillis()),
        missing,
        problems);
    tell("out of order", disorder, problems);
    if (commitsMayBeLost && missing.isEmpty() && disorder.isEmpty()) {
      phantoms.addAll(foreign);
    } else {
      tell("not committed, or not asked for", foreign, problems);
    }
  }

  private static void tell(String what, List<String> positions, List<String> problems) {
    if (!positions.isEmpty()) {
      problems.add(
          "%s: %d, the first %s"
              .formatted(
                  what, positions.size(), positions.subList(0, Math.min(8, positions.size()))));
    }
  }

  /** What was acknowledged over HTTP is there, at the position that was told, once. */
  List<String> checkAcknowledged(Map<String, Long> acknowledged) {
    Map<String, List<Long>> found = new HashMap<>();
    for (Row row : rows) {
      if (row.path().startsWith("/http/")) {
        found.computeIfAbsent(row.path(), path -> new ArrayList<>()).add(row.id());
      }
    }
    List<String> problems = new ArrayList<>();
    acknowledged.forEach(
        (path, id) -> {
          if (!found.getOrDefault(path, List.of()).equals(List.of(id))) {
            problems.add(
                "acknowledged at %d, in the log at %s"
                    .formatted(id, found.getOrDefault(path, List.of())));
          }
        });
    found.forEach(
        (path, ids) -> {
          if (ids.size() > 1) {
            problems.add("one idempotency key made more than one event: " + ids);
          }
        });
    return problems;
  }
}
