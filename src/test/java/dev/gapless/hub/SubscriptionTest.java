package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.SinkQueueWithCancel;
import org.junit.jupiter.api.Test;

class SubscriptionTest {
  private static final EventFilter ALL = EventFilter.ALL;

  /** A client that takes one signal at a time. */
  private static final class Client {
    final SinkQueueWithCancel<Signal> queue;
    final SubscriptionControl control;

    Client(TestHub node, Subscription subscription) {
      var running =
          node.hub
              .subscribe(subscription)
              .toMat(
                  Sink.<Signal>queue(1).withAttributes(Attributes.inputBuffer(1, 1)), Keep.both())
              .run(node.kit.system());
      control = running.first();
      queue = running.second();
    }

    Optional<Signal> next() {
      try {
        return queue.pull().toCompletableFuture().get(20, TimeUnit.SECONDS);
      } catch (Exception e) {
        throw new AssertionError("no signal", e);
      }
    }

    <T extends Signal> T expect(Class<T> type) {
      Signal signal = next().orElseThrow(() -> new AssertionError("ended"));
      assertThat(signal).isInstanceOf(type);
      return type.cast(signal);
    }

    List<Long> positions(int count) {
      List<Long> positions = new ArrayList<>();
      while (positions.size() < count) {
        Signal signal = next().orElseThrow(() -> new AssertionError("ended after " + positions));
        if (signal instanceof Signal.Events events) {
          events.events().forEach(event -> positions.add(event.position()));
        }
      }
      return positions;
    }

    /** Everything up to the end of the stream. */
    List<Signal> rest() {
      List<Signal> signals = new ArrayList<>();
      for (Optional<Signal> next = next(); next.isPresent(); next = next()) {
        signals.add(next.get());
      }
      return signals;
    }
  }

  private static List<Long> positions(List<Cursor> cursors) {
    return cursors.stream().map(Cursor::position).toList();
  }

  private static List<Long> eventPositions(List<Signal> signals) {
    return signals.stream()
        .flatMap(s -> s instanceof Signal.Events e ? e.events().stream() : Stream.empty())
        .map(HubEvent::position)
        .toList();
  }

  @Test
  void opensThenAnnouncesLiveThenDelivers() throws SQLException {
    try (TestHub node = new TestHub()) {
      Cursor before = node.append("a", "/x");
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      assertThat(client.expect(Signal.Open.class).cursor()).isEqualTo(before);
      assertThat(client.expect(Signal.Live.class).cursor()).isEqualTo(before);
      List<Cursor> sent = node.append(TestHub.drafts(5, 2));
      node.follow(2);
      assertThat(client.positions(5)).isEqualTo(positions(sent));
      assertThat(node.hub.status().catchUpReads()).isZero();
    }
  }

  @Test
  void aCursorInsideTheRingCostsNoRead() throws SQLException {
    try (TestHub node = new TestHub()) {
      node.begin();
      List<Cursor> sent = node.append(TestHub.drafts(1000, 3));
      node.follow(100);
      await().until(() -> node.hub.head().equals(sent.get(999)));
      node.readsFail.set(true);
      Client client = new Client(node, Subscription.of(ALL, new StartPoint.At(sent.get(499))));
      assertThat(client.positions(500)).isEqualTo(positions(sent.subList(500, 1000)));
      assertThat(node.failedReads.get()).isZero();
    }
  }

  @Test
  void olderThanTheRingIsReadFromTheLogAndContinuesLive() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 64, page-events = 50")) {
      List<Cursor> sent = new ArrayList<>(node.append(TestHub.drafts(700, 3)));
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.EARLIEST));
      assertThat(client.positions(700)).isEqualTo(positions(sent));
      client.expect(Signal.Live.class);
      List<Cursor> more = node.append(TestHub.drafts(10, 3));
      node.follow(3);
      assertThat(client.positions(10)).isEqualTo(positions(more));
    }
  }

  @Test
  void whoComesBackWithOneCursorIsVerifiedOnce() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 64, page-events = 50")) {
      List<Cursor> sent = node.append(TestHub.drafts(300, 3));
      node.begin();
      for (int i = 0; i < 20; i++) {
        Client client = new Client(node, Subscription.of(ALL, new StartPoint.At(sent.get(99))));
        assertThat(client.positions(200)).isEqualTo(positions(sent.subList(100, 300)));
      }
      assertThat(node.hub.status().cursorChecks()).isEqualTo(1);
    }
  }

  @Test
  void aStreamThatReadsAloneHasTwoPagesReadAhead() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 64, page-events = 50")) {
      node.append(TestHub.drafts(2_000, 3));
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.EARLIEST));
      client.expect(Signal.Open.class);
      // the client's buffer takes the first page, and nobody takes it from there
      await().until(() -> node.hub.status().catchUpReads() == 3);
    }
  }

  @Test
  void aSlowSubscriberFallsBehindAndGetsEverythingWhileOthersAreNotDelayed() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 64, inbox-events = 16, page-events = 100")) {
      node.begin();
      Client slow = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      slow.expect(Signal.Open.class);
      slow.expect(Signal.Live.class);
      Client quick = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      quick.expect(Signal.Open.class);
      quick.expect(Signal.Live.class);
      List<Cursor> sent = node.append(TestHub.drafts(3000, 3));
      node.follow(10);
      assertThat(quick.positions(3000)).isEqualTo(positions(sent));
      await().until(() -> node.hub.status().behind() == 1);
      assertThat(slow.positions(3000)).isEqualTo(positions(sent));
      assertThat(node.hub.status().catchUpReads()).isPositive();
      await().until(() -> node.hub.status().behind() == 0);
    }
  }

  @Test
  void everyFilterGetsExactlyItsEventsUnderLoad() throws Exception {
    try (TestHub node =
        new TestHub("ring-events = 128, inbox-events = 8, page-events = 40, page-scan = 60")) {
      List<Cursor> before = node.append(TestHub.drafts(500, 5));
      node.begin();
      Random random = new Random(4711);
      List<EventFilter> filters =
          List.of(
              ALL,
              EventFilter.ofOwner("owner1"),
              new EventFilter(Set.of("owner0", "owner3", "owner4"), Set.of(), Set.of()),
              new EventFilter(Set.of(), Set.of("/p3/", "/p5/x"), Set.of()),
              new EventFilter(Set.of(), Set.of(), Set.of("t1")),
              new EventFilter(Set.of("owner2"), Set.of("/p1/"), Set.of("t0", "t2")),
              EventFilter.ofOwner("nobody"));
      record Run(EventFilter filter, long after, List<Long> got, CompletableFuture<?> done) {}
      List<Run> runs = new ArrayList<>();
      for (int i = 0; i < 42; i++) {
        EventFilter filter = filters.get(i % filters.size());
        Cursor start = before.get(random.nextInt(before.size()));
        int every = 1 + random.nextInt(50);
        List<Long> got = new CopyOnWriteArrayList<>();
        CompletableFuture<?> done =
            node.hub
                .subscribe(Subscription.of(filter, new StartPoint.At(start)))
                .takeWhile(s -> !(s instanceof Signal.Close))
                .wireTap(s -> got.addAll(eventPositions(List.of(s))))
                // some pause now and then, so that they fall behind in the middle
                .throttle(1 + every * 20, Duration.ofMillis(20))
                .runWith(Sink.ignore(), node.kit.system())
                .toCompletableFuture();
        runs.add(new Run(filter, start.position(), got, done));
      }
      List<Cursor> all = new ArrayList<>(before);
      List<EventDraft> drafts = new ArrayList<>(TestHub.drafts(500, 5));
      for (int round = 0; round < 60; round++) {
        List<EventDraft> next = TestHub.drafts(1 + random.nextInt(120), 5);
        drafts.addAll(next);
        all.addAll(node.append(next));
        node.follow(1 + random.nextInt(40));
      }
      for (Run run : runs) {
        List<Long> expected = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
          EventDraft d = drafts.get(i);
          boolean matches =
              run.filter().matchesOwner(d.owner())
                  && run.filter()
                      .matches(
                          new dev.gapless.event.Event(
                              1, d.owner(), d.path(), d.type(), d.data(), java.time.Instant.EPOCH));
          if (matches && all.get(i).position() > run.after()) {
            expected.add(all.get(i).position());
          }
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> run.got().size() >= expected.size());
        assertThat(run.got()).isEqualTo(expected);
      }
      node.hub.drain(Duration.ofMillis(100));
      for (Run run : runs) {
        run.done().get(20, TimeUnit.SECONDS);
      }
      assertThat(node.hub.status().live()).isZero();
      assertThat(node.hub.status().catchingUp()).isZero();
      assertThat(node.hub.status().behind()).isZero();
    }
  }

  @Test
  void aDatabaseThatFailsDuringCatchUpOnlyDelays() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 16, page-events = 20")) {
      List<Cursor> sent = node.append(TestHub.drafts(400, 2));
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.EARLIEST));
      List<Long> got = new ArrayList<>(client.positions(100));
      node.readsFail.set(true);
      // one page may have been read ahead of the failure
      int failed = node.failedReads.get();
      CompletableFuture<List<Long>> rest =
          CompletableFuture.supplyAsync(() -> client.positions(300));
      await().until(() -> node.failedReads.get() > failed + 2);
      node.append("later", "/x");
      node.follow(1);
      node.readsFail.set(false);
      got.addAll(rest.orTimeout(30, TimeUnit.SECONDS).join());
      assertThat(got).isEqualTo(positions(sent));
      client.positions(1);
    }
  }

  @Test
  void aHistoryThatChangedResetsOnlyThoseWhoseEventIsGone() throws SQLException {
    try (TestHub node = new TestHub()) {
      List<Cursor> first = node.append(TestHub.drafts(10, 1));
      node.begin();
      Client late = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      late.expect(Signal.Open.class);
      late.expect(Signal.Live.class);
      // the last five are lost and their positions handed out again
      node.sql(
          "DELETE FROM gapless.events WHERE id > " + first.get(4).position(),
          "SELECT setval(pg_get_serial_sequence('gapless.events', 'id'), "
              + first.get(4).position()
              + ")");
      Cursor again = node.append("quiet", "/again");
      assertThat(again.position()).isEqualTo(first.get(5).position());
      node.append(TestHub.drafts(9, 1));
      node.begin();
      Signal.Reset reset = late.expect(Signal.Reset.class);
      assertThat(reset.reason()).isEqualTo(LostReason.DIVERGED);
      assertThat(reset.requested()).isEqualTo(first.get(9));
      assertThat(reset.continuesAt()).isEqualTo(Cursor.EARLIEST);
      assertThat(late.positions(15)).contains(again.position()).isSorted().doesNotHaveDuplicates();
      Client early = new Client(node, Subscription.of(ALL, new StartPoint.At(first.get(3))));
      early.expect(Signal.Open.class);
      assertThat(early.expect(Signal.Events.class).events().get(0).cursor())
          .isEqualTo(first.get(4));
    }
  }

  @Test
  void aQuietSubscriptionsHeartbeatMovesItsOwnPosition() throws SQLException {
    try (TestHub node = new TestHub("heartbeat = 200 ms")) {
      Cursor start = node.append("a", "/x");
      node.begin();
      Client quiet =
          new Client(node, Subscription.of(EventFilter.ofOwner("quiet"), StartPoint.NOW));
      quiet.expect(Signal.Open.class);
      quiet.expect(Signal.Live.class);
      Signal.Heartbeat still = quiet.expect(Signal.Heartbeat.class);
      assertThat(still.moved()).isFalse();
      assertThat(still.cursor()).isEqualTo(start);
      List<Cursor> sent = node.append(TestHub.drafts(20, 2));
      node.follow(20);
      await().until(() -> node.hub.head().equals(sent.get(19)));
      Signal.Heartbeat moved = quiet.expect(Signal.Heartbeat.class);
      while (!moved.moved()) {
        moved = quiet.expect(Signal.Heartbeat.class);
      }
      assertThat(moved.cursor()).isEqualTo(sent.get(19));
    }
  }

  @Test
  void ownersStartAtTheirOwnCursors() throws SQLException {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(20, 2));
      node.begin();
      EventFilter both = new EventFilter(Set.of("owner0", "owner1"), Set.of(), Set.of());
      Subscription wanted =
          Subscription.of(both, StartPoint.NOW)
              .withOwnerStarts(Map.of("owner1", sent.get(9)))
              .withLive(false);
      List<Signal> signals = new Client(node, wanted).rest();
      assertThat(eventPositions(signals))
          .isEqualTo(
              positions(
                  List.of(sent.get(11), sent.get(13), sent.get(15), sent.get(17), sent.get(19))));
      List<Signal> resumed = new Client(node, wanted.resumedAt(sent.get(14))).rest();
      assertThat(eventPositions(resumed)).isEqualTo(positions(sent.subList(15, 20)));
    }
  }

  @Test
  void finiteStreamsAndLimitsEndAndSayWhy() throws SQLException {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(30, 2));
      node.begin();
      List<Signal> whole =
          new Client(node, Subscription.of(ALL, StartPoint.EARLIEST).withLive(false)).rest();
      assertThat(eventPositions(whole)).isEqualTo(positions(sent));
      assertThat(whole.get(whole.size() - 1))
          .isEqualTo(new Signal.Close(CloseReason.END, sent.get(29)));
      List<Signal> some =
          new Client(node, Subscription.of(ALL, StartPoint.EARLIEST).withLimit(7)).rest();
      assertThat(eventPositions(some)).isEqualTo(positions(sent.subList(0, 7)));
      assertThat(some.get(some.size() - 1))
          .isEqualTo(new Signal.Close(CloseReason.LIMIT, sent.get(6)));
    }
  }

  @Test
  void aCursorAheadOfThisNodeWaitsAndOneAheadOfTheLogIsReset() throws SQLException {
    try (TestHub node = new TestHub()) {
      node.begin();
      List<Cursor> sent = node.append(TestHub.drafts(3, 1));
      Client fromFasterNode =
          new Client(node, Subscription.of(ALL, new StartPoint.At(sent.get(1))));
      fromFasterNode.expect(Signal.Open.class);
      Client ahead =
          new Client(node, Subscription.of(ALL, new StartPoint.At(Cursor.bare(999_999_999))));
      ahead.expect(Signal.Open.class);
      assertThat(ahead.expect(Signal.Reset.class).reason()).isEqualTo(LostReason.AHEAD);
      node.follow(10);
      assertThat(fromFasterNode.positions(1)).containsExactly(sent.get(2).position());
    }
  }

  @Test
  void aHubThatFailsInABatchLosesNothing() throws SQLException {
    try (TestHub node = new TestHub()) {
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      client.expect(Signal.Open.class);
      client.expect(Signal.Live.class);
      List<Cursor> sent = new ArrayList<>(node.append(TestHub.drafts(5, 1)));
      node.follow(5);
      node.hub.publish(
          List.of(),
          sent.get(4),
          () -> {
            throw new IllegalStateException("the hub fails in a batch");
          });
      // what comes before the tail has begun anew does not continue the ring
      sent.addAll(node.append(TestHub.drafts(5, 1)));
      node.follow(5);
      await().until(() -> node.lostPlaces.get() == 1);
      sent.addAll(node.append(TestHub.drafts(5, 1)));
      node.begin();
      sent.addAll(node.append(TestHub.drafts(5, 1)));
      node.follow(5);
      assertThat(client.positions(20)).isEqualTo(positions(sent));
    }
  }

  @Test
  void oneOwnersResetDoesNotCarryTheClientPastTheOthers() throws SQLException {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(20, 2));
      node.begin();
      EventFilter both = new EventFilter(Set.of("owner0", "owner1"), Set.of(), Set.of());
      Cursor gone = new Cursor(sent.get(2).position(), sent.get(2).fingerprint() ^ 1);
      Subscription wanted =
          Subscription.of(both, StartPoint.EARLIEST)
              .withOwnerStarts(Map.of("owner0", gone, "owner1", sent.get(9)))
              .withOnReset(Subscription.OnReset.FROM_HEAD);
      Client client = new Client(node, wanted);
      client.expect(Signal.Open.class);
      Signal.Reset reset = client.expect(Signal.Reset.class);
      assertThat(reset.owner()).contains("owner0");
      assertThat(reset.continuesAt()).isEqualTo(sent.get(9));
      assertThat(client.positions(5))
          .isEqualTo(
              positions(
                  List.of(sent.get(11), sent.get(13), sent.get(15), sent.get(17), sent.get(19))));
    }
  }

  @Test
  void ownersThatStandAtOnePlaceAreCheckedAndResetTogether() throws SQLException {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(20, 2));
      node.begin();
      EventFilter both = new EventFilter(Set.of("owner0", "owner1"), Set.of(), Set.of());
      Cursor gone = new Cursor(sent.get(2).position(), sent.get(2).fingerprint() ^ 1);
      Subscription wanted =
          Subscription.of(both, StartPoint.NOW)
              .withOwnerStarts(Map.of("owner0", gone, "owner1", gone))
              .withLive(false);
      List<Signal> signals = new Client(node, wanted).rest();
      List<Signal> resets = signals.stream().filter(Signal.Reset.class::isInstance).toList();
      assertThat(resets).hasSize(1);
      assertThat(((Signal.Reset) resets.get(0)).owner()).isEmpty();
      assertThat(eventPositions(signals)).isEqualTo(positions(sent));
    }
  }

  /**
   * What a client comes back with after a reset is what the reset said, until an event moves it.
   */
  @Test
  void silenceAndTheEndAfterAResetDoNotMoveTheClient() throws SQLException {
    try (TestHub node = new TestHub("heartbeat = 200 ms, ring-events = 16, page-events = 20")) {
      List<Cursor> sent = node.append(TestHub.drafts(100, 1));
      node.begin();
      Cursor gone = new Cursor(sent.get(50).position(), sent.get(50).fingerprint() ^ 1);
      // the cursor can be checked, and then nothing can be read
      node.readsLeft.set(1);
      Client client = new Client(node, Subscription.of(ALL, new StartPoint.At(gone)));
      client.expect(Signal.Open.class);
      assertThat(client.expect(Signal.Reset.class).continuesAt()).isEqualTo(Cursor.EARLIEST);
      assertThat(client.expect(Signal.Heartbeat.class))
          .isEqualTo(new Signal.Heartbeat(Cursor.EARLIEST, false));
      client.control.close(CloseReason.DRAIN);
      List<Signal> rest = client.rest();
      assertThat(rest.get(rest.size() - 1))
          .isEqualTo(new Signal.Close(CloseReason.DRAIN, Cursor.EARLIEST));
      assertThat(node.failedReads.get()).isPositive();
    }
  }

  @Test
  void aFiniteStreamEndsAlthoughTheHistoryBeganAnewBelowItsEnd() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 16, page-events = 20")) {
      List<Cursor> sent = node.append(TestHub.drafts(100, 1));
      node.begin();
      Client client = new Client(node, Subscription.of(ALL, StartPoint.EARLIEST).withLive(false));
      List<Long> got = new ArrayList<>(client.positions(40));
      node.hub.suspend();
      await().until(() -> !node.hub.isReady());
      node.hub.restart(sent.get(59));
      await().until(node.hub::isReady);
      CompletableFuture<List<Signal>> rest = CompletableFuture.supplyAsync(client::rest);
      node.followFrom(sent.get(59), 7);
      List<Signal> signals = rest.orTimeout(20, TimeUnit.SECONDS).join();
      got.addAll(eventPositions(signals));
      assertThat(got).isEqualTo(positions(sent));
      assertThat(signals).noneMatch(signal -> signal instanceof Signal.Live);
    }
  }

  @Test
  void aSuspendedHubServesNothing() throws SQLException {
    try (TestHub node = new TestHub("heartbeat = 100 ms")) {
      node.append("a", "/x");
      node.begin();
      Client before = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      before.expect(Signal.Open.class);
      before.expect(Signal.Live.class);
      node.hub.suspend();
      await().until(() -> !node.hub.isReady());
      Client during = new Client(node, Subscription.of(ALL, StartPoint.NOW));
      assertThat(during.expect(Signal.Heartbeat.class).moved()).isFalse();
      Cursor later = node.append("a", "/y");
      node.begin();
      assertThat(before.positions(1)).containsExactly(later.position());
      Signal next = during.next().orElseThrow();
      while (next instanceof Signal.Heartbeat) {
        next = during.next().orElseThrow();
      }
      assertThat(next).isEqualTo(new Signal.Open(later));
    }
  }

  @Test
  void aLongPollFromNowReturnsWhatItWaitedFor() throws Exception {
    try (TestHub node = new TestHub()) {
      node.append(TestHub.drafts(3, 1));
      node.begin();
      var polling =
          node.hub
              .page(
                  new PageRequest(ALL, StartPoint.NOW, Map.of(), 10, false, Duration.ofSeconds(15)))
              .toCompletableFuture();
      await().until(() -> node.hub.status().live() == 1);
      Cursor sent = node.append("a", "/x");
      node.follow(1);
      PageResult.Page page = (PageResult.Page) polling.get(20, TimeUnit.SECONDS);
      assertThat(page.events()).singleElement().extracting(HubEvent::cursor).isEqualTo(sent);
    }
  }

  @Test
  void aReversePageFromADeadPositionBeginsRightBelowIt() throws Exception {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(3, 1));
      node.sql("SELECT nextval(pg_get_serial_sequence('gapless.events', 'id'))");
      node.append(TestHub.drafts(1, 1));
      node.begin();
      long dead = sent.get(2).position() + 1;
      PageResult.Page page = page(node, new StartPoint.At(Cursor.bare(dead)), 2, true);
      assertThat(page.events().stream().map(HubEvent::cursor))
          .containsExactly(sent.get(2), sent.get(1));
    }
  }

  @Test
  void aPageOfAHistoryThatIsNoMoreIsRefused() throws Exception {
    try (TestHub node = new TestHub()) {
      List<Cursor> sent = node.append(TestHub.drafts(10, 1));
      node.begin();
      node.sql(
          "DELETE FROM gapless.events WHERE id > " + sent.get(4).position(),
          "SELECT setval(pg_get_serial_sequence('gapless.events', 'id'), "
              + sent.get(4).position()
              + ")");
      node.append(TestHub.drafts(7, 1));
      assertThatThrownBy(() -> page(node, new StartPoint.At(sent.get(3)), 2, false))
          .rootCause()
          .isInstanceOf(SQLException.class);
      node.begin();
      assertThat(page(node, new StartPoint.At(sent.get(3)), 2, false).events()).hasSize(2);
    }
  }

  @Test
  void pagesEndAtTheDecidedHeadAndIncludeWhatWasAcknowledged() throws Exception {
    try (TestHub node = new TestHub("read-patience = 300 ms")) {
      List<Cursor> sent = node.append(TestHub.drafts(30, 2));
      node.begin();
      PageResult.Page first = page(node, StartPoint.EARLIEST, 10, false);
      assertThat(first.events()).hasSize(10);
      assertThat(first.more()).isTrue();
      assertThat(first.cursor()).isEqualTo(sent.get(9));
      PageResult.Page newest = page(node, StartPoint.NOW, 4, true);
      assertThat(newest.events().stream().map(HubEvent::cursor))
          .containsExactly(sent.get(29), sent.get(28), sent.get(27), sent.get(26));
      assertThat(newest.behind()).isFalse();
      node.append("late", "/undecided");
      PageResult.Page behind = page(node, new StartPoint.At(sent.get(28)), 10, false);
      assertThat(behind.behind()).isTrue();
      assertThat(behind.events()).hasSize(1);
    }
  }

  private static PageResult.Page page(TestHub node, StartPoint start, int limit, boolean reverse)
      throws Exception {
    return (PageResult.Page)
        node.hub
            .page(new PageRequest(ALL, start, Map.of(), limit, reverse, Duration.ZERO))
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
  }
}
