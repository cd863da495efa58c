package dev.gapless.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.torture.Plans.Habit;
import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Plans.SubscriberPlan;
import dev.gapless.torture.Subscriber.Control;
import dev.gapless.torture.Subscriber.Report;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** An oracle that says yes to everything would find nothing. */
class VerdictTest {
  private static final Instant BEGUN = Instant.parse("2026-11-22T10:00:00.000001Z");
  private static final Filter ALL = new Filter(false, List.of(), List.of(), List.of());

  private final List<Row> committed = LongStream.rangeClosed(1, 9).mapToObj(this::row).toList();

  private Row row(long id) {
    return new Row(id, "a", "/p/" + id, "x", BEGUN.plusSeconds(id));
  }

  @Test
  void exactlyTheCommittedEventsAreRight() {
    assertThat(problems(committed, got(1, 2, 3, 4, 5, 6, 7, 8, 9))).isEmpty();
  }

  @Test
  void aLostRepeatedReorderedOrInventedEventIsNot() {
    assertThat(problems(committed, got(1, 2, 3, 5, 6, 7, 8, 9))).anyMatch(p -> p.contains("[4 "));
    assertThat(problems(committed, got(1, 2, 3, 4, 4, 5, 6, 7, 8, 9)))
        .anyMatch(p -> p.contains("4 twice"));
    assertThat(problems(committed, got(1, 2, 3, 5, 4, 6, 7, 8, 9)))
        .anyMatch(p -> p.contains("4 after 5"));
    assertThat(problems(committed.subList(0, 8), got(1, 2, 3, 4, 5, 6, 7, 8, 9)))
        .anyMatch(p -> p.contains("not committed"));
  }

  @Test
  void anotherEventAtTheSamePositionIsNotTheSame() {
    Report report = got(1, 2, 3, 4, 5, 6, 7, 8, 9);
    report.keys()[3]++;
    assertThat(problems(committed, report)).hasSize(2);
  }

  @Test
  void aResetIsUnjustWhereNoCommitCanBeLost() {
    assertThat(problems(committed, reset(got(1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9), 3, row(3))))
        .anyMatch(p -> p.contains("unjust"));
  }

  @Test
  void aResetIsUnjustIfTheEventOfTheCursorSurvived() {
    Report report = reset(got(1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9), 3, row(3));
    assertThat(new Verdict(committed, true).check(report).problems())
        .anyMatch(p -> p.contains("survived"));
  }

  @Test
  void aResetIsJustIfTheEventOfTheCursorIsGone() {
    Row gone = new Row(3, "a", "/p/3", "x", BEGUN);
    Report report = reset(got(1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9), 3, gone);
    assertThat(new Verdict(committed, true).check(report).problems()).isEmpty();
    Report lost = reset(got(1, 2, 3, 1, 2, 3, 4, 6, 7, 8, 9), 3, gone);
    assertThat(new Verdict(committed, true).check(lost).problems())
        .anyMatch(p -> p.contains("missing"));
  }

  @Test
  void nowMeansThePositionOfTheFirstFrameOrElseItsTime() {
    Report named = now(got(6, 7, 8, 9), row(5).cursor(), BEGUN);
    assertThat(problems(committed, named)).isEmpty();
    Report lost = now(got(7, 8, 9), row(5).cursor(), BEGUN);
    assertThat(problems(committed, lost)).anyMatch(p -> p.contains("[6 "));
    Report unnamed = now(got(7, 8, 9), "", BEGUN.plusSeconds(5));
    assertThat(problems(committed, unnamed)).anyMatch(p -> p.contains("[6 "));
  }

  @Test
  void whatWasAcknowledgedIsThereOnce() {
    List<Row> log = new ArrayList<>(committed);
    log.add(new Row(10, "a", "/http/k", "x", BEGUN));
    Verdict verdict = new Verdict(log, false);
    assertThat(verdict.checkAcknowledged(java.util.Map.of("/http/k", 10L))).isEmpty();
    assertThat(verdict.checkAcknowledged(java.util.Map.of("/http/k", 9L))).hasSize(1);
    assertThat(verdict.checkAcknowledged(java.util.Map.of("/http/other", 9L))).hasSize(1);
    log.add(new Row(11, "a", "/http/k", "x", BEGUN));
    assertThat(new Verdict(log, false).checkAcknowledged(java.util.Map.of())).hasSize(1);
  }

  @Test
  void theSameSeedGivesTheSameScheduleAndAllFaultsAreDrawn() {
    assertThat(Schedule.draw(7, Shape.SHORT)).isEqualTo(Schedule.draw(7, Shape.SHORT));
    assertThat(drawn(Shape.CLUSTER)).containsExactlyInAnyOrder(FaultKind.values());
    Set<FaultKind> alone = EnumSet.allOf(FaultKind.class);
    FaultKind.OF_THE_CLUSTER.forEach(alone::remove);
    assertThat(drawn(Shape.SHORT)).isEqualTo(alone);
  }

  private static Set<FaultKind> drawn(Shape shape) {
    return LongStream.rangeClosed(1, 400)
        .mapToObj(seed -> Schedule.draw(seed, shape))
        .flatMap(schedule -> schedule.steps().stream())
        .map(Step::kind)
        .collect(Collectors.toSet());
  }

  private static List<String> problems(List<Row> rows, Report report) {
    return new Verdict(rows, false).check(report).problems();
  }

  private Report got(long... positions) {
    return new Report(
        new SubscriberPlan(0, ALL, Start.EARLIEST, 0, Habit.STEADY, 0, 0),
        "0",
        Optional.of(BEGUN),
        positions,
        Arrays.stream(positions).map(position -> row(position).key()).toArray(),
        List.of(),
        List.of(),
        1,
        Duration.ZERO);
  }

  private static Report reset(Report report, int after, Row cursor) {
    return new Report(
        report.plan(),
        report.start(),
        report.opened(),
        report.positions(),
        report.keys(),
        List.of(
            new Control("gapless.reset", "0", "{\"reason\":\"diverged\"}", cursor.cursor(), after)),
        List.of(),
        2,
        Duration.ZERO);
  }

  private static Report now(Report report, String cursor, Instant opened) {
    return new Report(
        new SubscriberPlan(0, ALL, Start.NOW, 0, Habit.STEADY, 0, 0),
        "now",
        Optional.of(opened),
        report.positions(),
        report.keys(),
        List.of(new Control("gapless.open", cursor, "{}", "", 0)),
        List.of(),
        1,
        Duration.ZERO);
  }
}
