package dev.gapless.hub;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.log.ErasureRun;
import dev.gapless.log.Erasures;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What subscribers of the hub see of an erasure, however they come to it. */
class ErasureDeliveryTest {
  private static final EventFilter ALL = EventFilter.ALL;
  private static final EventFilter X = EventFilter.ofOwner("x");
  private static final EventFilter Y = EventFilter.ofOwner("y");
  private static final EventFilter X_ELSEWHERE =
      new EventFilter(Set.of("x", "z"), Set.of("/nowhere/"), Set.of("never"));

  private final TestHub node = new TestHub();
  private final List<Cursor> cursors = new ArrayList<>();
  private Cursor mark;

  @BeforeEach
  void begin() throws SQLException {
    cursors.add(node.append("y", "/first"));
    node.begin();
  }

  @AfterEach
  void close() {
    node.close();
  }

  @Test
  void liveEachThatIncludesTheOwnerGetsTheMarkOnce() throws Exception {
    Map<EventFilter, List<HubEvent>> received =
        Map.of(
            ALL,
            watch(ALL),
            X,
            watch(X),
            Y,
            watch(Y),
            X_ELSEWHERE,
            watch(X_ELSEWHERE),
            ALL.withoutErasures(),
            watch(ALL.withoutErasures()));
    await().until(() -> node.hub.status().live() == 5);
    write();
    node.follow(3);
    erase();
    Cursor last = node.append("y", "/last");
    node.follow(3);
    await().until(() -> received.get(Y).stream().anyMatch(e -> e.cursor().equals(last)));
    await().until(() -> received.get(ALL).size() == 12 && received.get(X).size() == 6);
    assertThat(marks(received.get(ALL))).containsExactly(mark);
    assertThat(marks(received.get(X))).containsExactly(mark);
    assertThat(received.get(X)).last().extracting(HubEvent::cursor).isEqualTo(mark);
    assertThat(received.get(X_ELSEWHERE)).extracting(HubEvent::cursor).containsExactly(mark);
    assertThat(marks(received.get(Y))).isEmpty();
    assertThat(received.get(Y)).hasSize(6);
    await().until(() -> received.get(ALL.withoutErasures()).size() == 11);
    assertThat(marks(received.get(ALL.withoutErasures()))).isEmpty();
  }

  @Test
  void whoComesLaterGetsItInItsPlaceAndWhoIsPastItNever() throws Exception {
    write();
    node.follow(100);
    erase();
    cursors.add(node.append("y", "/last"));
    node.follow(100);
    for (boolean fromTheLog : new boolean[] {false, true}) {
      if (fromTheLog) {
        // an empty ring: everything comes from the database
        node.hub.restart(node.hub.head());
      }
      for (Cursor cursor : cursors) {
        for (EventFilter filter : List.of(ALL, X, Y, X_ELSEWHERE)) {
          List<Signal> signals = replay(Subscription.of(filter, new StartPoint.At(cursor)));
          assertThat(signals).noneMatch(Signal.Reset.class::isInstance);
          List<HubEvent> events = events(signals);
          boolean expected = filter != Y && cursor.compareTo(mark) < 0;
          assertThat(marks(events)).isEqualTo(expected ? List.of(mark) : List.of());
          assertThat(events.stream().filter(e -> !e.event().isErasure()).map(HubEvent::cursor))
              .isEqualTo(
                  cursors.stream()
                      .filter(c -> c.compareTo(cursor) > 0 && c.position() % 2 == 1)
                      .filter(c -> !c.equals(mark))
                      .filter(c -> filter == ALL || filter == Y)
                      .toList());
        }
      }
    }
  }

  @Test
  void anOwnersOwnCursorDecidesForThatOwner() throws Exception {
    write();
    erase();
    cursors.add(node.append("y", "/last"));
    node.follow(100);
    EventFilter both = new EventFilter(Set.of("x", "y"), Set.of(), Set.of());
    Subscription fromBegin = Subscription.of(both, new StartPoint.At(cursors.get(0)));
    assertThat(marks(events(replay(fromBegin.withOwnerStarts(Map.of("x", mark)))))).isEmpty();
    assertThat(marks(events(replay(fromBegin.withOwnerStarts(Map.of("y", mark))))))
        .containsExactly(mark);
    assertThat(marks(events(replay(fromBegin.resumedAt(mark))))).isEmpty();
  }

  @Test
  void itDoesNotCountAgainstALimit() throws Exception {
    write();
    erase();
    cursors.add(node.append("y", "/last"));
    node.follow(100);
    Subscription from = Subscription.of(ALL, new StartPoint.At(cursors.get(0)));
    assertThat(events(replay(from.withLimit(5)))).hasSize(5);
    assertThat(events(replay(from.withLimit(6))))
        .hasSize(7)
        .last()
        .matches(event -> !event.event().isErasure());
    List<Signal> signals =
        replay(Subscription.of(X, new StartPoint.At(cursors.get(0))).withLimit(1));
    assertThat(marks(events(signals))).containsExactly(mark);
    assertThat(((Signal.Close) signals.get(signals.size() - 1)).reason())
        .isEqualTo(Signal.CloseReason.END);
  }

  @Test
  void theRingHoldsNothingOfTheOwnerAnyMore() throws Exception {
    write();
    node.follow(100);
    await().until(() -> node.hub.status().ringEvents() == 10);
    erase();
    node.follow(100);
    await().until(() -> node.hub.head().equals(mark));
    assertThat(node.hub.status().ringEvents()).as("what follows the last of x").isEqualTo(2);
    assertThat(node.hub.status().ringFloor()).isEqualTo(cursors.get(9));
  }

  @Test
  void aLongPollIsAnsweredWithIt() throws Exception {
    write();
    node.follow(100);
    await().until(() -> node.hub.head().equals(cursors.get(cursors.size() - 1)));
    CompletionStage<PageResult> page =
        node.hub.page(
            new PageRequest(
                X_ELSEWHERE,
                new StartPoint.At(cursors.get(3)),
                Map.of(),
                10,
                false,
                Duration.ofSeconds(20)));
    await().until(() -> node.hub.status().live() == 1);
    erase();
    node.follow(100);
    PageResult.Page answer = (PageResult.Page) page.toCompletableFuture().get(20, SECONDS);
    assertThat(marks(answer.events())).containsExactly(mark);
    assertThat(answer.cursor()).isEqualTo(mark);
  }

  @Test
  void theNodeIsToldWhenAMarkIsDecided() throws Exception {
    List<Cursor> heads = new CopyOnWriteArrayList<>();
    node.hub.onErasure(() -> heads.add(node.hub.head()));
    write();
    node.follow(100);
    erase();
    node.follow(100);
    await().until(() -> !heads.isEmpty());
    assertThat(heads).as("decided by then").containsExactly(mark);
  }

  @Test
  void whoDoesNotTakeWhatWasOfferedReadsTheLogInstead() {
    SubscriptionIndex index = new SubscriptionIndex();
    Matcher all = new Matcher(ALL, 0, Map.of());
    Matcher ofX = new Matcher(X, 0, Map.of());
    Matcher ofY = new Matcher(Y, 0, Map.of());
    List<Subscriber> subscribers =
        Stream.of(all, ofX, ofY, all)
            .map(matcher -> new Subscriber(matcher, new Inbox(100, 1 << 20, () -> {})))
            .toList();
    subscribers.forEach(index::add);
    index.offer(List.of(event(1, "x"), event(2, "y")));
    // this one is quick
    assertThat(subscribers.get(3).inbox().takeOrPark()).hasSize(2);
    index.offer(List.of(event(5, "x")));
    index.forget("x", 3);
    assertThat(subscribers.stream().map(s -> s.inbox().isClosed()))
        .containsExactly(true, true, false, false);
    index.offer(List.of(event(6, "x")));
    assertThat(subscribers.get(3).inbox().takeOrPark()).hasSize(2);
  }

  /** Five events of x at even positions and five of y at odd ones; a mark is even as well. */
  private void write() throws SQLException {
    for (int i = 0; i < 5; i++) {
      cursors.add(node.append("x", "/p" + i));
      cursors.add(node.append("y", "/p" + i));
    }
  }

  /** The log is without the events of x from here on. */
  private void erase() throws SQLException {
    try (Connection connection = node.database.dataSource().getConnection()) {
      connection.setAutoCommit(false);
      mark = Erasures.create(node.log).request(connection, "x", false).orElseThrow();
      connection.commit();
      connection.setAutoCommit(true);
      assertThat(ErasureRun.create().run(connection, mark, done -> {})).isZero();
    }
    cursors.add(mark);
  }

  private static HubEvent event(long position, String owner) {
    return new HubEvent(
        new Event(position, owner, "/a", "t", Optional.empty(), Instant.ofEpochSecond(position)));
  }

  private List<HubEvent> watch(EventFilter filter) {
    List<HubEvent> received = new CopyOnWriteArrayList<>();
    node.hub
        .subscribe(Subscription.of(filter, new StartPoint.At(cursors.get(0))))
        .runWith(
            Sink.foreach(
                signal -> {
                  if (signal instanceof Signal.Events found) {
                    received.addAll(found.events());
                  }
                }),
            node.kit.system());
    return received;
  }

  private List<Signal> replay(Subscription subscription) throws Exception {
    return node.hub
        .subscribe(subscription.withLive(false))
        .runWith(Sink.seq(), node.kit.system())
        .toCompletableFuture()
        .get(20, SECONDS);
  }

  private static List<HubEvent> events(List<Signal> signals) {
    return signals.stream()
        .flatMap(s -> s instanceof Signal.Events e ? e.events().stream() : Stream.empty())
        .toList();
  }

  private static List<Cursor> marks(List<HubEvent> events) {
    return events.stream()
        .filter(event -> event.event().isErasure())
        .map(HubEvent::cursor)
        .toList();
  }
}
