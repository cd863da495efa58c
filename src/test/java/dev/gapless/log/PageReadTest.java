package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.LostReason;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.log.EventLog.ReadResult.Page;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pages in both directions, compared with {@link EventFilter#matches} over the whole log. */
class PageReadTest {
  private static final int EVENTS = 3_000;
  private static final List<String> OWNERS = List.of("a", "b", "c", "d", "e_", "E");
  private static final List<String> PATHS =
      List.of(
          "/x/a_b", "/x/aXb", "/x/a%b", "/x/ab", "/x/a\\b", "/x", "/x/", "/xy", "/X/a", "/x/é/日",
          "/y/1", "/y/2/3", "/");
  private static final List<String> TYPES = List.of("t", "u", "v.w", "T");
  private static final PageLimits WIDE = new PageLimits(1_000, 10_000, 1 << 20);

  private static final EventLog EVENT_LOG = EventLog.create();
  private static TestDatabase database;
  private static Connection connection;
  private static List<Event> all;
  private static Cursor head;

  /** Many partitions, dead positions among the events, and events above the bound of the reads. */
  @BeforeAll
  static void fill() throws SQLException {
    Random random = new Random(7);
    database =
        TestLogs.migrate(TestDatabase.create(), TestLogs.settings().withPartitions(10_000, 5));
    connection = database.dataSource().getConnection();
    for (int i = 0; i < EVENTS / 100; i++) {
      List<EventDraft> drafts = new ArrayList<>();
      for (int j = 0; j < 100; j++) {
        drafts.add(
            EventDraft.of(
                // the first ones are rare
                OWNERS.get((int) (OWNERS.size() * Math.sqrt(random.nextDouble()))),
                one(random, PATHS),
                one(random, TYPES),
                "\"" + "x".repeat(random.nextInt(300)) + "\""));
      }
      EVENT_LOG.append(connection, drafts);
      Sql.run(
          connection,
          "SELECT setval('gapless.events_id_seq', nextval('gapless.events_id_seq') + "
              + random.nextInt(1_000)
              + ")");
    }
    List<Event> rows = HeadReads.create().rows(connection, 0, Long.MAX_VALUE, EVENTS, 1 << 30);
    assertThat(rows).hasSize(EVENTS);
    all = rows.subList(0, EVENTS - 50);
    head = all.get(all.size() - 1).cursor();
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void pagesForwardHoldExactlyWhatMatches() throws SQLException {
    Random random = new Random(1);
    for (int i = 0; i < 60; i++) {
      EventFilter filter = filter(random);
      PageLimits limits = limits(random);
      int start = random.nextInt(all.size()) - 1;
      Cursor after = start < 0 || i % 3 == 0 ? Cursor.EARLIEST : all.get(start).cursor();
      List<Event> expected =
          all.stream()
              .filter(event -> event.position() > after.position())
              .filter(filter::matches)
              .toList();

      List<Event> read = new ArrayList<>();
      Cursor at = after;
      Page page;
      do {
        page = forward(at, filter, limits);
        assertThat(page.events().size()).isLessThanOrEqualTo(limits.maxEvents());
        read.addAll(page.events());
        assertThat(page.scannedTo()).isGreaterThanOrEqualTo(at);
        assertThat(page.complete() || page.scannedTo().compareTo(at) > 0).isTrue();
        assertNamesAnEvent(page.scannedTo());
        at = page.scannedTo();
      } while (!page.complete());

      assertThat(read).as("%s after %s by %s", filter, after, limits).isEqualTo(expected);
      assertThat(at).isEqualTo(head);
    }
  }

  @Test
  void pagesBackwardHoldExactlyWhatMatches() throws SQLException {
    Random random = new Random(2);
    for (int i = 0; i < 60; i++) {
      EventFilter filter = filter(random);
      PageLimits limits = limits(random);
      Cursor before = i % 3 == 0 ? head : all.get(random.nextInt(all.size())).cursor();
      List<Event> expected =
          new ArrayList<>(
              all.stream()
                  .filter(event -> event.position() < before.position())
                  .filter(filter::matches)
                  .toList());
      Collections.reverse(expected);

      List<Event> read = new ArrayList<>();
      Cursor at = before;
      Page page;
      do {
        page = backward(at, filter, limits);
        read.addAll(page.events());
        assertNamesAnEvent(page.scannedTo());
        assertThat(page.complete() || page.scannedTo().compareTo(at) < 0).isTrue();
        at = page.scannedTo();
      } while (!page.complete());

      assertThat(read).as("%s before %s by %s", filter, before, limits).isEqualTo(expected);
      assertThat(at).isEqualTo(Cursor.EARLIEST);
    }
  }

  @Test
  void aReadExaminesNoMoreThanItsBudgetAndSaysHowFarItCame() throws SQLException {
    EventFilter nothing = new EventFilter(Set.of(), Set.of("/nowhere/"), Set.of());
    Page page = forward(Cursor.EARLIEST, nothing, new PageLimits(10, 700, 1 << 20));
    assertThat(page.events()).isEmpty();
    assertThat(page.complete()).isFalse();
    assertThat(page.scannedTo()).isEqualTo(all.get(699).cursor());
    Page back = backward(head, nothing, new PageLimits(10, 700, 1 << 20));
    assertThat(back.scannedTo()).isEqualTo(all.get(all.size() - 701).cursor());
    assertThat(forward(Cursor.EARLIEST, nothing, WIDE))
        .isEqualTo(new Page(List.of(), head, /* complete= */ true));
  }

  @Test
  void aPageStopsAtItsBytesButHoldsAtLeastOneEvent() throws SQLException {
    assertThat(forward(Cursor.EARLIEST, EventFilter.ALL, new PageLimits(100, 10_000, 1)).events())
        .containsExactly(all.get(0));
    Page page = forward(Cursor.EARLIEST, EventFilter.ALL, new PageLimits(1_000, 10_000, 10_000));
    assertThat(page.events()).hasSizeBetween(25, 50);
    assertThat(page.scannedTo()).isEqualTo(page.events().get(page.events().size() - 1).cursor());
    assertThat(page.complete()).isFalse();
  }

  @Test
  void nothingAboveTheBoundIsRead() throws SQLException {
    Cursor bound = all.get(99).cursor();
    ReadResult result =
        EVENT_LOG.readForward(connection, all.get(89).cursor(), bound, EventFilter.ALL, WIDE);
    assertThat(((Page) result).events()).isEqualTo(all.subList(90, 100));
    assertThat(EVENT_LOG.readForward(connection, bound, bound, EventFilter.ALL, WIDE))
        .isEqualTo(new Page(List.of(), bound, /* complete= */ true));
    assertThat(
            EVENT_LOG.readForward(connection, all.get(120).cursor(), bound, EventFilter.ALL, WIDE))
        .isEqualTo(new Page(List.of(), all.get(120).cursor(), /* complete= */ true));
    assertThat(
            EVENT_LOG.readForward(
                connection, Cursor.EARLIEST, Cursor.EARLIEST, EventFilter.ALL, WIDE))
        .isEqualTo(new Page(List.of(), Cursor.EARLIEST, /* complete= */ true));
    assertThat(EVENT_LOG.readBackward(connection, Cursor.EARLIEST, bound, EventFilter.ALL, WIDE))
        .isEqualTo(new Page(List.of(), Cursor.EARLIEST, /* complete= */ true));
  }

  @Test
  void aStartThatIsAnotherEventMakesThePageWorthless() throws SQLException {
    Cursor there = all.get(500).cursor();
    Cursor other = new Cursor(there.position(), there.fingerprint() ^ 1);
    ReadResult lost = new ReadResult.Lost(LostReason.DIVERGED, Cursor.EARLIEST);
    assertThat(EVENT_LOG.readForward(connection, other, head, EventFilter.ALL, WIDE))
        .isEqualTo(lost);
    assertThat(EVENT_LOG.readBackward(connection, other, head, EventFilter.ALL, WIDE))
        .isEqualTo(lost);
    Cursor dead = new Cursor(deadPosition(), 1);
    assertThat(EVENT_LOG.readForward(connection, dead, head, EventFilter.ALL, WIDE))
        .isEqualTo(lost);
    Page bare = forward(Cursor.bare(dead.position()), EventFilter.ALL, WIDE);
    assertThat(bare.events().get(0).position()).isGreaterThan(dead.position());
  }

  @Test
  void aReadLeavesTheConnectionAsItWas() throws SQLException {
    forward(Cursor.EARLIEST, EventFilter.ALL, WIDE);
    assertThat(connection.getAutoCommit()).isTrue();
    assertThat(Sql.number(connection, "SELECT count(*) FROM pg_cursors WHERE name <> ''")).isZero();
    connection.setAutoCommit(false);
    try {
      long transaction = Sql.number(connection, "SELECT txid_current()");
      forward(Cursor.EARLIEST, EventFilter.ALL, WIDE);
      assertThat(Sql.number(connection, "SELECT txid_current()")).isEqualTo(transaction);
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  private static Page forward(Cursor after, EventFilter filter, PageLimits limits)
      throws SQLException {
    return (Page) EVENT_LOG.readForward(connection, after, head, filter, limits);
  }

  private static Page backward(Cursor before, EventFilter filter, PageLimits limits)
      throws SQLException {
    return (Page) EVENT_LOG.readBackward(connection, before, head, filter, limits);
  }

  private static void assertNamesAnEvent(Cursor cursor) {
    assertThat(cursor.isEarliest() || all.stream().anyMatch(e -> e.cursor().equals(cursor)))
        .isTrue();
  }

  private static long deadPosition() {
    Set<Long> positions = new HashSet<>();
    all.forEach(event -> positions.add(event.position()));
    long dead = all.get(500).position();
    while (positions.contains(dead)) {
      dead++;
    }
    return dead;
  }

  private static EventFilter filter(Random random) {
    List<String> paths = new ArrayList<>(PATHS);
    paths.addAll(List.of("/x/a%", "/%/", "/_/", "/x/é/", "/y/", "/x/a\\b/", "/nowhere/"));
    return new EventFilter(some(random, OWNERS), some(random, paths), some(random, TYPES));
  }

  private static PageLimits limits(Random random) {
    return new PageLimits(
        1 + random.nextInt(random.nextBoolean() ? 40 : 1_000),
        50 + random.nextInt(random.nextBoolean() ? 100 : 10_000),
        random.nextBoolean() ? 1 << 20 : 1_000 + random.nextInt(50_000));
  }

  private static Set<String> some(Random random, List<String> values) {
    Set<String> chosen = new HashSet<>();
    int count = random.nextInt(4);
    for (int i = 0; i < count; i++) {
      chosen.add(one(random, values));
    }
    return chosen;
  }

  private static String one(Random random, List<String> values) {
    return values.get(random.nextInt(values.size()));
  }
}
