package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.log.HeadReads.Removed;
import dev.gapless.tail.Decision.Deliver;
import dev.gapless.tail.Decision.Diverged;
import dev.gapless.tail.Decision.Forced;
import dev.gapless.tail.Decision.InDoubt;
import dev.gapless.tail.Decision.Restart;
import dev.gapless.tail.NextRead.Kind;
import dev.gapless.tail.TailOutput.RestartReason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class HeadDeciderTest {
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SECOND = 1_000 * MILLI;
  private static final long TOOK = MILLI / 10;

  private final HeadDecider decider = new HeadDecider(0);
  private long now;

  @Test
  void deliversWhatFollowsWithoutAGapAtOnce() {
    startEmpty();
    assertThat(decider.onRows(rows(1, 2, 3), now)).containsExactly(deliver(1, 2, 3));
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
  }

  @Test
  void aGapIsReadAgainThenItsOwnersAreAwaitedThenItIsDead() {
    startEmpty();
    assertThat(decider.onRows(rows(1, 3), now)).containsExactly(deliver(1));
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now + MILLI));
    now += MILLI;
    assertThat(decider.onRows(rows(1, 3), now)).isEmpty();
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
    assertThat(decider.onLocks(locks(3, "a"), TOOK, now)).isEmpty();
    assertThat(decider.blockers()).containsExactly("a");
    assertThat(decider.blockedSince()).hasValue(0);
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
    // another one that came later cannot own the gap
    assertThat(decider.onLocks(locks(4, "b"), TOOK, ++now)).isEmpty();
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
    assertThat(decider.onRows(rows(1, 3), now)).containsExactly(deliver(3));
    assertThat(decider.blockedSince()).isEmpty();
  }

  @Test
  void aLaterPairDecidesAsSoonAsItsOwnOwnersAreGone() {
    startEmpty();
    gapAt(rows(2));
    decider.onLocks(locks(2, "a"), TOOK, now);
    now += SECOND;
    decider.onLocks(locks(9, "a", "b"), TOOK, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.HIGHEST);
    decider.onHighest(Optional.of(event(9).cursor()), now);
    decider.onLocks(locks(9, "a", "b"), TOOK, ++now);
    // c was not there when 9 was seen
    decider.onLocks(locks(12, "c"), TOOK, ++now);
    assertThat(decider.onRows(rows(2, 5, 9, 12), now)).containsExactly(deliver(2, 5, 9));
  }

  @Test
  void whenOneOfTheOwnersEndsItsRowsAreReadAtOnce() {
    startEmpty();
    gapAt(rows(2, 4));
    decider.onLocks(locks(4, "a", "b"), TOOK, now);
    decider.onLocks(locks(4, "b"), TOOK, ++now);
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
    assertThat(decider.onRows(rows(1, 2, 4), now)).containsExactly(deliver(1, 2));
  }

  @Test
  void aWakeHurriesAYoungWaitOnly() {
    startEmpty();
    gapAt(rows(2));
    for (int i = 0; i < 8; i++) {
      now = Math.max(now, decider.next().notBefore());
      decider.onLocks(locks(2, "a"), TOOK, now);
    }
    long planned = decider.next().notBefore();
    decider.onWake(now + 2 * MILLI);
    assertThat(decider.next().notBefore()).isLessThan(planned);
    now += 2 * SECOND;
    decider.onLocks(locks(2, "a"), TOOK, now);
    decider.onHighest(Optional.of(event(2).cursor()), now);
    planned = decider.next().notBefore();
    decider.onWake(now + 2 * MILLI);
    assertThat(decider.next().notBefore()).isEqualTo(planned);
  }

  @Test
  void aMillionDeadPositionsTakeAsManyStatementsAsOne() {
    startEmpty();
    gapAt(rows(30_000_000));
    decider.onLocks(locks(30_000_000), TOOK, now);
    assertThat(decider.onRows(rows(30_000_000), now)).containsExactly(deliver(30_000_000));
  }

  @Test
  void endsAPassOnlyWhenNobodyIsInFlightAndReadsOnceMore() {
    startEmpty();
    now += SECOND;
    decider.onRows(rows(), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
    decider.onLocks(new LockRead(Set.of(), true, 0, false, false), TOOK, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.ROWS);
    runWithout(locks(0));
    assertThat(decider.next().kind()).isEqualTo(Kind.REST);
    decider.onWake(now);
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
  }

  @Test
  void aWakeAfterTheLockReadMeansAnotherPass() {
    startEmpty();
    now += SECOND;
    decider.onRows(rows(), now);
    decider.onLocks(locks(0), TOOK, now);
    now += SECOND;
    decider.onLocks(locks(0), TOOK, now);
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
    decider.onWake(now);
    now += SECOND;
    decider.onRows(rows(), now);
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.ROWS, now));
    decider.onRows(rows(), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
  }

  /** What it is good for: HeadStep.LOOK_AT_THE_ELECTION_TWICE. */
  @Test
  void aWakeBetweenTwoLockReadsMeansThatBothAreMadeAgain() {
    startEmpty();
    now += SECOND;
    decider.onRows(rows(), now);
    decider.onLocks(locks(0), TOOK, now);
    assertThat(decider.next()).isEqualTo(new NextRead(Kind.LOCKS, now + 10 * TOOK));
    decider.onWake(now);
    assertThat(decider.next())
        .as("not later for the lock read")
        .isEqualTo(new NextRead(Kind.ROWS, now));
    now += SECOND;
    decider.onRows(rows(), now);
    decider.onLocks(locks(0), TOOK, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
    now += SECOND;
    decider.onLocks(locks(0), TOOK, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.ROWS);
    decider.onRows(rows(), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.REST);
  }

  @Test
  void aPollIsOneRead() {
    startEmpty();
    runWithout(locks(0));
    decider.onPoll(now);
    assertThat(decider.next().kind()).isEqualTo(Kind.ROWS);
    decider.onRows(rows(), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.REST);
    assertThat(decider.wakesByPoll()).isZero();
    decider.onPoll(now);
    decider.onRows(rows(1), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.ROWS);
    assertThat(decider.wakesByPoll()).isEqualTo(1);
  }

  @Test
  void aParkedWriterBehindAGapCostsAtMostThirtyStatementsASecond() {
    startEmpty();
    gapAt(rows(2));
    assertThat(statementsInTenSeconds(locks(2, "parked"), rows(2))).isLessThanOrEqualTo(300);
  }

  @Test
  void aParkedWriterWithoutAGapCostsAtMostThirtyStatementsASecond() {
    startEmpty();
    assertThat(statementsInTenSeconds(locks(1, "parked"), rows())).isLessThanOrEqualTo(300);
  }

  @Test
  void whatFlowsAgainFlowsWithinOneStep() {
    startEmpty();
    gapAt(rows(2));
    statementsInTenSeconds(locks(2, "parked"), rows(2));
    long ended = now;
    runWithout(locks(2), rows(1, 2));
    assertThat(decider.head().position()).isEqualTo(2);
    assertThat(now - ended).isLessThan(60 * MILLI);
  }

  @Test
  void aLockReadIsSparedTenTimesWhatItTook() {
    startEmpty();
    gapAt(rows(2));
    decider.onLocks(locks(2, "a"), 4 * MILLI, now);
    assertThat(decider.next().notBefore()).isEqualTo(now + 40 * MILLI);
    decider.onWake(now + MILLI);
    assertThat(decider.next().notBefore()).isEqualTo(now + 40 * MILLI);
  }

  @Test
  void anotherEventInThePlaceOfTheHeadIsAnotherLog() {
    startEmpty();
    decider.onRows(rows(1), now);
    Event other =
        new Event(1, "o", "/other", "put", Optional.empty(), Instant.ofEpochSecond(1_001));
    assertThat(decider.onRows(List.of(other), now))
        .containsExactly(new Diverged(event(1).cursor(), RestartReason.DIVERGED));
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.NOTHING, now);
    decider.onHighest(Optional.of(other.cursor()), now);
    assertThat(decider.onLocks(locks(1), TOOK, now))
        .containsExactly(new Restart(other.cursor(), RestartReason.DIVERGED));
  }

  @Test
  void whileANewHistoryIsUndecidedNothingOfItIsServed() {
    startEmpty();
    gapAt(rows(5));
    decider.onLocks(locks(5), TOOK, now);
    decider.onRows(rows(5), now);
    decider.onRows(rows(), now);
    decider.onRemoved(Removed.NOTHING, now);
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.NOTHING, now);
    decider.onHighest(Optional.of(event(3).cursor()), now);
    assertThat(decider.onLocks(locks(3, "a"), TOOK, now)).isEmpty();
    assertThat(decider.isFollowing()).isFalse();
    assertThat(decider.onLocks(locks(3, "a"), TOOK, ++now)).isEmpty();
    assertThat(decider.onLocks(locks(3), TOOK, ++now))
        .containsExactly(new Restart(event(3).cursor(), RestartReason.DIVERGED));
  }

  @Test
  void aMissingHeadIsExplainedByTheRetiredMarkOrNotAtAll() {
    startEmpty();
    decider.onRows(rows(1, 2), now);
    decider.onRows(rows(3), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.RETIRED);
    assertThat(decider.onRemoved(Removed.byRetention(event(2).cursor()), now))
        .containsExactly(deliver(3));
    decider.onRows(rows(9), now);
    assertThat(decider.onRemoved(Removed.byRetention(event(2).cursor()), now))
        .containsExactly(new Diverged(event(3).cursor(), RestartReason.DIVERGED));
  }

  @Test
  void aMissingHeadThatWasErasedIsStillTheAnchor() {
    startEmpty();
    decider.onRows(rows(1, 2), now);
    decider.onRows(rows(3), now);
    assertThat(decider.next().kind()).isEqualTo(Kind.RETIRED);
    assertThat(decider.onRemoved(Removed.byErasure(event(2).cursor()), now))
        .containsExactly(deliver(3));
    decider.onRows(rows(9), now);
    Cursor other = new Cursor(3, event(3).cursor().fingerprint() ^ 1);
    assertThat(decider.onRemoved(Removed.byErasure(other), now))
        .containsExactly(new Diverged(event(3).cursor(), RestartReason.DIVERGED));
  }

  @Test
  void aStoredMarkWhoseEventWasErasedIsUsed() {
    decider.onMark(Optional.of(event(7).cursor()), now);
    decider.onLocks(locks(9, "parked"), TOOK, now);
    decider.onRows(rows(8), now);
    assertThat(decider.onRemoved(Removed.byErasure(event(7).cursor()), now))
        .containsExactly(new Restart(event(7).cursor(), RestartReason.STARTED), deliver(8));
  }

  @Test
  void aRetiredMarkAboveTheHeadMeansEventsWereMissed() {
    startEmpty();
    decider.onRows(rows(1), now);
    decider.onRows(rows(9), now);
    assertThat(decider.onRemoved(Removed.byRetention(event(5).cursor()), now))
        .containsExactly(new Diverged(event(1).cursor(), RestartReason.RETIRED));
  }

  @Test
  void aRetiredMarkWithAnotherFingerprintExplainsNothing() {
    startEmpty();
    decider.onRows(rows(1), now);
    decider.onRows(rows(2), now);
    Cursor other = new Cursor(1, event(1).cursor().fingerprint() ^ 1);
    assertThat(decider.onRemoved(Removed.byRetention(other), now))
        .containsExactly(new Diverged(event(1).cursor(), RestartReason.DIVERGED));
  }

  @Test
  void aSequenceBelowTheHeadIsAnotherLog() {
    startEmpty();
    decider.onRows(rows(1, 2), now);
    decider.onRows(rows(2), now);
    assertThat(decider.onLocks(locks(1), TOOK, now))
        .containsExactly(new Diverged(event(2).cursor(), RestartReason.DIVERGED));
  }

  @Test
  void aForcedPositionIsNeverPassedBeforeTheSequence() {
    startEmpty();
    gapAt(rows(50));
    assertThat(decider.onLocks(locks(2), TOOK, now)).containsExactly(new Forced(50, 2));
    assertThat(decider.ceiling()).isEqualTo(2);
    assertThat(decider.onRows(rows(1, 2), now)).containsExactly(deliver(1, 2));
    decider.onRows(rows(2), now);
    assertThat(decider.onLocks(locks(50), TOOK, now)).isEmpty();
    assertThat(decider.forcedPosition()).isZero();
    assertThat(decider.ceiling()).isEqualTo(Long.MAX_VALUE);
    decider.onRows(rows(2, 50), now);
    now += MILLI;
    decider.onRows(rows(2, 50), now);
    decider.onLocks(locks(50), TOOK, now);
    assertThat(decider.onRows(rows(2, 50), now)).containsExactly(deliver(50));
  }

  @Test
  void aServerInRecoveryDecidesNothing() {
    startEmpty();
    gapAt(rows(2));
    assertThat(decider.onLocks(new LockRead(Set.of(), false, 2, true, false), TOOK, now))
        .containsExactly(new Decision.NotPrimary());
    assertThat(decider.head()).isEqualTo(Cursor.EARLIEST);
  }

  @Test
  void aLostConnectionForgetsWhoWasAwaitedButNotTheHead() {
    startEmpty();
    decider.onRows(rows(1), now);
    gapAt(rows(1, 3));
    decider.onLocks(locks(3, "a"), TOOK, now);
    decider.connectionLost(now);
    assertThat(decider.head()).isEqualTo(event(1).cursor());
    assertThat(decider.onLocks(locks(3, "a'"), TOOK, now)).isEmpty();
    assertThat(decider.next().kind()).isEqualTo(Kind.ROWS);
    assertThat(decider.isAnchored()).isFalse();
    assertThat(decider.onRows(rows(1, 3), now))
        .as("subscribers look whether their own events are still there")
        .containsExactly(new Restart(event(1).cursor(), RestartReason.RECONNECTED));
    assertThat(decider.isAnchored()).isTrue();
    now += MILLI;
    decider.onRows(rows(1, 3), now);
    // under another number
    decider.onLocks(locks(3, "a'"), TOOK, now);
    assertThat(decider.blockers()).containsExactly("a'");
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
  }

  @Test
  void aLostConnectionForgetsWhatWasDecidedButNotRead() {
    startEmpty();
    gapAt(rows(2));
    decider.onLocks(locks(2), TOOK, now);
    decider.connectionLost(now);
    decider.onLocks(locks(2), TOOK, now);
    assertThat(decider.onRows(rows(2), now))
        .containsExactly(new Restart(Cursor.EARLIEST, RestartReason.RECONNECTED));
    now += MILLI;
    assertThat(decider.onRows(rows(2), now)).isEmpty();
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
  }

  @Test
  void aPreparedTransactionThatOutlivedTheConnectionMayBeBelowTheHead() {
    startEmpty();
    decider.onRows(rows(1, 2), now);
    decider.connectionLost(now);
    decider.onWake(now);
    assertThat(decider.next().kind()).as("whatever wakes it").isEqualTo(Kind.LOCKS);
    LockRead prepared = new LockRead(Set.of("-1/7"), false, 2, false, true);
    assertThat(decider.onLocks(prepared, TOOK, now))
        .containsExactly(new InDoubt(event(2).cursor()));
    assertThat(decider.next().kind()).isEqualTo(Kind.MARK);
    decider.onMark(Optional.of(event(1).cursor()), now);
    decider.onLocks(prepared, TOOK, now);
    assertThat(decider.onRows(rows(1, 2), now))
        .containsExactly(new Restart(event(1).cursor(), RestartReason.RECONNECTED), deliver(2));
  }

  @Test
  void withoutAMarkAPreparedTransactionThatOutlivedTheConnectionIsWaitedFor() {
    startEmpty();
    decider.onRows(rows(1, 2), now);
    decider.connectionLost(now);
    LockRead prepared = new LockRead(Set.of("-1/7"), false, 2, false, true);
    decider.onLocks(prepared, TOOK, now);
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.NOTHING, now);
    decider.onHighest(Optional.of(event(2).cursor()), now);
    assertThat(decider.onLocks(prepared, TOOK, now)).isEmpty();
    assertThat(decider.blockers()).containsExactly("-1/7");
    assertThat(decider.onLocks(locks(2), TOOK, now))
        .containsExactly(new Restart(event(2).cursor(), RestartReason.RECONNECTED));
  }

  @Test
  void startsFromTheStoredMarkIfItsEventIsStillThere() {
    decider.onMark(Optional.of(event(7).cursor()), now);
    decider.onLocks(locks(9, "parked"), TOOK, now);
    assertThat(decider.onRows(rows(7, 8), now))
        .containsExactly(new Restart(event(7).cursor(), RestartReason.STARTED), deliver(8));
  }

  @Test
  void aMarkAboveTheSequenceIsNotUsed() {
    decider.onMark(Optional.of(event(7).cursor()), now);
    decider.onLocks(locks(6), TOOK, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.RETIRED);
  }

  @Test
  void aMarkThatIsNotInTheLogIsNotUsed() {
    decider.onMark(Optional.of(event(7).cursor()), now);
    decider.onLocks(locks(9), TOOK, now);
    decider.onRows(rows(8), now);
    decider.onRemoved(Removed.NOTHING, now);
    assertThat(decider.isFollowing()).isFalse();
    decider.onRemoved(Removed.NOTHING, now);
    decider.onHighest(Optional.of(event(8).cursor()), now);
    assertThat(decider.onLocks(locks(9), TOOK, now))
        .containsExactly(new Restart(event(8).cursor(), RestartReason.STARTED));
  }

  @Test
  void withoutAMarkThePrefixIsDecidedFirst() {
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.byRetention(event(3).cursor()), now);
    decider.onHighest(Optional.of(event(8).cursor()), now);
    assertThat(decider.onLocks(locks(9, "a"), TOOK, now)).isEmpty();
    assertThat(decider.blockers()).containsExactly("a");
    assertThat(decider.onLocks(locks(12, "b"), TOOK, ++now))
        .containsExactly(new Restart(event(8).cursor(), RestartReason.STARTED));
  }

  @Test
  void anEmptyLogStartsAtItsRetiredMark() {
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.byRetention(event(3).cursor()), now);
    decider.onHighest(Optional.empty(), now);
    assertThat(decider.onLocks(locks(3, "a"), TOOK, now))
        .containsExactly(new Restart(event(3).cursor(), RestartReason.STARTED));
  }

  @Test
  void aRetiredMarkOfALogThatBeganAnewIsIgnored() {
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.byRetention(event(500).cursor()), now);
    decider.onHighest(Optional.of(event(3).cursor()), now);
    assertThat(decider.onLocks(locks(3), TOOK, now)).isEmpty();
    decider.onHighest(Optional.of(event(3).cursor()), now);
    assertThat(decider.onLocks(locks(3), TOOK, now))
        .containsExactly(new Restart(event(3).cursor(), RestartReason.STARTED));
  }

  private void startEmpty() {
    decider.onMark(Optional.empty(), now);
    decider.onRemoved(Removed.NOTHING, now);
    decider.onHighest(Optional.empty(), now);
    assertThat(decider.onLocks(locks(0), TOOK, now))
        .containsExactly(new Restart(Cursor.EARLIEST, RestartReason.STARTED));
  }

  /** Shows a gap twice, as it takes to believe it. */
  private void gapAt(List<Event> rows) {
    decider.onRows(rows, now);
    now = Math.max(now, decider.next().notBefore());
    decider.onRows(rows, now);
    assertThat(decider.next().kind()).isEqualTo(Kind.LOCKS);
  }

  /** Others wake all the time. */
  private int statementsInTenSeconds(LockRead locks, List<Event> rows) {
    int statements = 0;
    long end = now + 10 * SECOND;
    long nextWake = now;
    while (now < end) {
      if (nextWake < decider.next().notBefore()) {
        now = Math.max(now, nextWake);
        nextWake = now + MILLI;
        decider.onWake(now);
      } else {
        statements++;
        step(locks, rows);
      }
    }
    return statements;
  }

  private List<Decision> runWithout(LockRead locks, Event... rows) {
    return runWithout(locks, List.of(rows));
  }

  /** Until it rests. */
  private List<Decision> runWithout(LockRead locks, List<Event> rows) {
    List<Decision> decisions = new ArrayList<>();
    for (int i = 0; i < 100 && decider.next().kind() != Kind.REST; i++) {
      decisions.addAll(step(locks, rows));
    }
    return decisions;
  }

  private List<Decision> step(LockRead locks, List<Event> rows) {
    now = Math.max(now, decider.next().notBefore()) + TOOK;
    long head = decider.head().position();
    return switch (decider.next().kind()) {
      case ROWS ->
          decider.onRows(rows.stream().filter(row -> row.position() >= head).toList(), now);
      case LOCKS -> decider.onLocks(locks, TOOK, now);
      case HIGHEST ->
          decider.onHighest(
              rows.isEmpty() ? Optional.empty() : Optional.of(rows.get(rows.size() - 1).cursor()),
              now);
      default -> throw new AssertionError(decider.next().toString());
    };
  }

  private static LockRead locks(long lastValue, String... holders) {
    return new LockRead(Set.of(holders), false, lastValue, false, false);
  }

  private static Deliver deliver(long... positions) {
    List<Event> events = rows(positions);
    return new Deliver(events, events.get(events.size() - 1).cursor());
  }

  private static List<Event> rows(long... positions) {
    return LongStream.of(positions).mapToObj(HeadDeciderTest::event).toList();
  }

  private static Event event(long position) {
    return WriterModel.event(position);
  }
}
