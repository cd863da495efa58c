package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.CatchUpReader.SharedRead;
import dev.gapless.hub.PageRest.Portion;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.SinkQueueWithCancel;
import org.junit.jupiter.api.Test;

/** Pages that are given in portions. */
class PageRestTest {
  private static final int EVENTS = 200;

  @Test
  void givesAllOfAPageInPortions() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 16")) {
      List<Cursor> sent = node.append(large("before"));
      node.begin();
      List<HubEvent> events = read(node);
      Cursor scannedTo = sent.get(EVENTS - 1);
      // as if some events at the end had not matched
      PageRest rest =
          new PageRest(
              new SharedRead.Page(events.subList(0, 190), scannedTo, true), Cursor.EARLIEST);
      List<Cursor> got = new ArrayList<>();
      Cursor own = Cursor.EARLIEST;
      int portions = 0;
      for (Optional<Portion> next = rest.next(own); next.isPresent(); next = rest.next(own)) {
        next.get().events().forEach(event -> got.add(event.cursor()));
        own = next.get().scannedTo();
        portions++;
      }
      assertThat(got).isEqualTo(sent.subList(0, 190));
      assertThat(own).isEqualTo(scannedTo);
      assertThat(portions).isBetween(5, 20);
    }
  }

  @Test
  void givesNothingToWhoStandsElsewhere() throws SQLException {
    try (TestHub node = new TestHub("ring-events = 16")) {
      List<Cursor> sent = node.append(large("before"));
      node.begin();
      PageRest rest =
          new PageRest(
              new SharedRead.Page(read(node), sent.get(EVENTS - 1), true), Cursor.EARLIEST);
      assertThat(rest.next(sent.get(3))).isEmpty();
      Cursor place = rest.next(Cursor.EARLIEST).orElseThrow().scannedTo();
      assertThat(rest.next(Cursor.EARLIEST)).isEmpty();
      assertThat(rest.next(place)).isPresent();
    }
  }

  @Test
  void aPageOfAHistoryThatIsNoMoreIsNotGivenFurther() throws Exception {
    try (TestHub node = new TestHub("ring-events = 16")) {
      List<Cursor> first = node.append(large("before"));
      node.begin();
      SinkQueueWithCancel<Signal> client =
          node.hub
              .subscribe(Subscription.of(EventFilter.ALL, StartPoint.EARLIEST))
              .runWith(
                  Sink.<Signal>queue(1).withAttributes(Attributes.inputBuffer(1, 1)),
                  node.kit.system());
      List<Cursor> got = new ArrayList<>();
      while (got.isEmpty()) {
        take(client, got);
      }
      // the stream holds a part of the page; the second half of it is lost and its positions are
      // handed out again
      int kept = EVENTS / 2;
      assertThat(got.size()).isLessThan(kept);
      node.sql(
          "DELETE FROM gapless.events WHERE id > " + first.get(kept - 1).position(),
          "SELECT setval(pg_get_serial_sequence('gapless.events', 'id'), "
              + first.get(kept - 1).position()
              + ")");
      List<Cursor> again = node.append(large("after"));
      node.begin();
      List<Cursor> expected = new ArrayList<>(first.subList(0, kept));
      expected.addAll(again);
      while (got.size() < expected.size()) {
        take(client, got);
      }
      assertThat(got).isEqualTo(expected);
    }
  }

  @Test
  void aStreamThatHasStoodStillReadsThePageAgain() throws Exception {
    try (TestHub node = new TestHub("ring-events = 16, heartbeat = 50 ms, cache-bytes = 0")) {
      List<Cursor> sent = node.append(large("before"));
      node.begin();
      SinkQueueWithCancel<Signal> client =
          node.hub
              .subscribe(Subscription.of(EventFilter.ALL, StartPoint.EARLIEST))
              .runWith(
                  Sink.<Signal>queue(1).withAttributes(Attributes.inputBuffer(1, 1)),
                  node.kit.system());
      List<Cursor> got = new ArrayList<>();
      while (got.isEmpty()) {
        take(client, got);
      }
      long reads = node.hub.status().catchUpReads();
      // several heartbeats pass without demand
      long begun = System.nanoTime();
      await().until(() -> System.nanoTime() - begun > 300_000_000);
      while (got.size() < EVENTS) {
        take(client, got);
      }
      assertThat(got).isEqualTo(sent);
      assertThat(node.hub.status().catchUpReads()).isGreaterThan(reads);
    }
  }

  private static void take(SinkQueueWithCancel<Signal> client, List<Cursor> got) throws Exception {
    Signal signal = client.pull().toCompletableFuture().get(20, TimeUnit.SECONDS).orElseThrow();
    assertThat(signal).isNotInstanceOfAny(Signal.Reset.class, Signal.Close.class);
    if (signal instanceof Signal.Events events) {
      events.events().forEach(event -> got.add(event.cursor()));
    }
  }

  private static List<HubEvent> read(TestHub node) throws SQLException {
    try (var connection = node.database.dataSource().getConnection()) {
      return dev.gapless.log.HeadReads.create()
          .rows(connection, 1, Long.MAX_VALUE, EVENTS, 1 << 30)
          .stream()
          .map(HubEvent::new)
          .toList();
    }
  }

  /** About 2 KiB of memory each. */
  private static List<EventDraft> large(String type) {
    List<EventDraft> drafts = new ArrayList<>();
    for (int i = 0; i < EVENTS; i++) {
      drafts.add(EventDraft.of("a", "/x", type, "\"" + "x".repeat(1_000) + "\""));
    }
    return drafts;
  }
}
