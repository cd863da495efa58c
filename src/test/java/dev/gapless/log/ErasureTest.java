package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.LostReason;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.log.Retention.Outcome;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What erasing an owner's events leaves of the log and of its cursors. */
class ErasureTest {
  private static final PageLimits LIMITS = new PageLimits(100, 10_000, 1 << 20);

  private final EventLog eventLog = EventLog.create();
  private final Erasures erasures = Erasures.create(eventLog);
  private final List<ErasureRun.Done> done = new ArrayList<>();
  private TestDatabase database;
  private Connection connection;
  private List<Cursor> cursors;

  /** Positions 1 to 6: x, y, x, y, x, x. */
  @BeforeEach
  void open() throws SQLException {
    database =
        TestLogs.migrate(TestDatabase.create(), TestLogs.settings().withPartitions(10_000, 3));
    connection = database.dataSource().getConnection();
    cursors = append("x", "y", "x", "y", "x", "x");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void onlyTheEventsOfTheOwnerBelowTheMarkGo() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    assertThat(mark.position()).isEqualTo(7);
    append("x", "y");
    assertThat(erase(mark)).isZero();
    assertThat(positions()).containsExactly(2L, 4L, 7L, 8L, 9L);
    assertThat(done).extracting(ErasureRun.Done::position).containsExactly(7L);
    assertThat(done).extracting(ErasureRun.Done::events).containsExactly(4L);
    assertThat(erasures.isDone(connection, 7)).isTrue();
    Event event = events(forward(Cursor.EARLIEST, EventFilter.ALL, append("y").get(0))).get(2);
    assertThat(event.isErasure()).isTrue();
    assertThat(event.owner()).isEqualTo("x");
    assertThat(event.cursor()).isEqualTo(mark);
  }

  @Test
  void nothingGoesBeforeTheMarkIsDecided() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    assertThat(erase(cursors.get(5))).isEqualTo(1);
    assertThat(erase(Cursor.EARLIEST)).isEqualTo(1);
    assertThat(erase(new Cursor(7, mark.fingerprint() ^ 1))).as("a head that is gone").isEqualTo(1);
    assertThat(positions()).hasSize(7);
    assertThat(erasures.isDone(connection, 7)).isFalse();
    assertThat(erase(mark)).isZero();
  }

  @Test
  void onlyOneSessionWorks() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    try (Connection other = database.dataSource().getConnection()) {
      Sql.run(other, "SELECT pg_advisory_lock(" + LogNames.ERASURE_LOCK_KEY + ")");
      assertThat(erase(mark)).isEqualTo(1);
      assertThat(positions()).hasSize(7);
      Sql.run(other, "SELECT pg_advisory_unlock_all()");
    }
    assertThat(erase(mark)).isZero();
  }

  @Test
  void aRunThatEndsInTheMiddleIsTakenUp() throws SQLException {
    List<Cursor> many = append(Collections.nCopies(2_500, "x").toArray(String[]::new));
    Cursor mark = request("x").orElseThrow();
    // what a node leaves that was killed after its first portion
    Sql.run(
        connection,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$"
            + " BEGIN IF old.id = 2000 THEN RAISE 'killed'; END IF; RETURN old; END $$",
        "CREATE TRIGGER fail BEFORE DELETE ON gapless.events FOR EACH ROW EXECUTE FUNCTION fail()");
    assertThatThrownBy(() -> erase(mark)).isInstanceOf(SQLException.class);
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.erased")).isEqualTo(1_000);
    assertThat(valid(many.get(0), mark)).isTrue();
    assertThat(valid(many.get(2_000), mark)).isTrue();
    Sql.run(connection, "DROP TRIGGER fail ON gapless.events");
    assertThat(erase(mark)).isZero();
    assertThat(positions()).containsExactly(2L, 4L, mark.position());
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.erased")).isEqualTo(2_504);
  }

  @Test
  void askingAgainJoinsWhatIsPendingUnlessTheOwnerCameBack() throws SQLException {
    assertThat(request("nobody")).isEmpty();
    assertThat(erasures.request(connection, "files-only", true)).isPresent();
    Optional<Cursor> first = request("x");
    assertThat(request("x")).isEqualTo(first);
    append("x");
    Cursor second = request("x").orElseThrow();
    assertThat(second.position()).isGreaterThan(first.orElseThrow().position());
    assertThat(erase(second)).isZero();
    assertThat(done).hasSize(3);
    assertThat(request("x")).as("nothing is left but a mark").isEmpty();
    assertThat(positions()).as("older marks go").doesNotContain(first.get().position());
    append("x");
    assertThat(request("x")).isPresent();
  }

  @Test
  void cursorsOfErasedEventsStayValidAndOthersDoNotBecomeSo() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    erase(mark);
    for (Cursor cursor : cursors) {
      assertThat(check(cursor, mark)).isEqualTo(new CursorCheck.Valid(cursor));
      assertThat(check(Cursor.bare(cursor.position()), mark))
          .isEqualTo(new CursorCheck.Valid(cursor));
      assertThat(check(new Cursor(cursor.position(), cursor.fingerprint() ^ 1), mark))
          .isEqualTo(new CursorCheck.Lost(LostReason.DIVERGED, Cursor.EARLIEST));
      assertThat(events(forward(cursor, EventFilter.ALL, mark)))
          .allMatch(event -> event.position() > cursor.position())
          .last()
          .matches(Event::isErasure);
      assertThat(eventLog.readBackward(connection, cursor, mark, EventFilter.ALL, LIMITS))
          .isInstanceOfSatisfying(
              ReadResult.Page.class,
              page -> assertThat(page.events()).allMatch(event -> event.owner().equals("y")));
    }
  }

  @Test
  void aBoundWhoseEventWasErasedIsStillOne() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    Cursor bound = cursors.get(5);
    erase(mark);
    assertThat(events(forward(cursors.get(0), EventFilter.ALL, bound)))
        .extracting(Event::position)
        .containsExactly(2L, 4L);
    assertThat(events(forward(Cursor.EARLIEST, EventFilter.ALL, bound))).hasSize(2);
    assertThat(check(cursors.get(1), bound)).isEqualTo(new CursorCheck.Valid(cursors.get(1)));
    Cursor other = new Cursor(6, bound.fingerprint() ^ 1);
    assertThatThrownBy(() -> forward(cursors.get(0), EventFilter.ALL, other))
        .isInstanceOf(SQLTransientException.class);
  }

  @Test
  void theMarkMatchesWhateverPathAndTypeAreAskedFor() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    Cursor head = append("y", "x").get(1);
    EventFilter path = new EventFilter(Set.of(), Set.of("/nowhere"), Set.of());
    EventFilter type = new EventFilter(Set.of("x", "y"), Set.of(), Set.of("never"));
    for (EventFilter filter : List.of(path, type, EventFilter.ALL, EventFilter.ofOwner("x"))) {
      for (boolean gone : new boolean[] {false, true}) {
        if (gone) {
          erase(head);
        }
        assertThat(marks(forward(Cursor.EARLIEST, filter, head))).containsExactly(mark);
        assertThat(marks(forward(Cursor.EARLIEST, filter.withoutErasures(), head))).isEmpty();
        assertThat(marks(forward(mark, filter, head))).isEmpty();
        assertThat(
                marks(
                    eventLog.readBackward(
                        connection, Cursor.bare(Long.MAX_VALUE), head, filter, LIMITS)))
            .isEmpty();
      }
    }
    assertThat(marks(forward(Cursor.EARLIEST, EventFilter.ofOwner("y"), head))).isEmpty();
    assertThat(events(forward(Cursor.EARLIEST, EventFilter.ALL.withoutErasures(), head)))
        .extracting(Event::position)
        .containsExactly(2L, 4L, 8L, 9L);
  }

  @Test
  void anOrdinaryEventOfThatNameIsNoMark() throws SQLException {
    EventDraft named = EventDraft.of("y", "/doc", Event.ERASED);
    EventDraft withData = EventDraft.of("y", "/", Event.ERASED, "{}");
    Cursor head = eventLog.append(connection, List.of(named, withData)).get(1);
    EventFilter type = new EventFilter(Set.of(), Set.of(), Set.of(Event.ERASED)).withoutErasures();
    assertThat(events(forward(Cursor.EARLIEST, type, head))).hasSize(2).noneMatch(Event::isErasure);
    EventFilter path = new EventFilter(Set.of(), Set.of("/doc"), Set.of());
    assertThat(events(forward(Cursor.EARLIEST, path, head))).hasSize(1);
  }

  @Test
  void aPartitionWhoseTopWasErasedLeavesItsHighestEventAsTheMark() throws SQLException {
    fillFirstPartition();
    Cursor top = append("x").get(0);
    assertThat(top.position()).isEqualTo(10_000);
    Cursor head = append("y").get(0);
    Cursor mark = request("x").orElseThrow();
    erase(mark);
    Retention retention = Retention.create(Duration.ofMinutes(1));
    assertThat(retention.removeOldest(connection, mark.position()))
        .isInstanceOf(Outcome.Removed.class);
    Cursor retired = HeadReads.create().retired(connection).orElseThrow();
    assertThat(retired.position()).isEqualTo(9_999);
    assertThat(check(cursors.get(0), mark))
        .isEqualTo(new CursorCheck.Lost(LostReason.RETENTION, retired));
    assertThat(check(retired, mark)).isEqualTo(new CursorCheck.Valid(retired));
    assertThat(check(top, mark)).as("erased, above the mark").isEqualTo(new CursorCheck.Valid(top));
    assertThat(events(forward(top, EventFilter.ALL, mark)))
        .extracting(Event::cursor)
        .containsExactly(head, mark);
    Erasures.prune(connection);
    assertThat(Sql.text(connection, "SELECT string_agg(id::text, ' ') FROM gapless.erased"))
        .as("what is below the mark is forgotten")
        .isEqualTo("10000");
    assertThat(check(top, mark)).isEqualTo(new CursorCheck.Valid(top));
    assertThat(HeadReads.create().removed(connection, 10_000))
        .isEqualTo(new HeadReads.Removed(Optional.of(retired), Optional.of(top)));
  }

  @Test
  void aPartitionOfErasedEventsOnlyMovesNoMark() throws SQLException {
    fillFirstPartition();
    append("x");
    Cursor head = append("y").get(0);
    erase(request("x").orElseThrow());
    Cursor mark = request("y").orElseThrow();
    append("y");
    erase(mark);
    Retention retention = Retention.create(Duration.ofMinutes(1));
    assertThat(retention.removeOldest(connection, mark.position()))
        .isInstanceOf(Outcome.Removed.class);
    assertThat(HeadReads.create().retired(connection)).isEmpty();
    Erasures.prune(connection);
    for (Cursor cursor : List.of(cursors.get(0), cursors.get(5), head)) {
      assertThat(check(cursor, mark)).isEqualTo(new CursorCheck.Valid(cursor));
      assertThat(marks(forward(cursor, EventFilter.ALL, mark))).hasSize(2);
    }
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.erasures")).isEqualTo(2);
  }

  @Test
  void whatRetentionHasPassedIsForgotten() throws SQLException {
    Cursor mark = request("x").orElseThrow();
    Sql.run(
        connection,
        "INSERT INTO gapless.retired (position, fingerprint) VALUES (7, "
            + mark.fingerprint()
            + ")");
    Erasures.prune(connection);
    assertThat(erasures.isDone(connection, 7)).as("not done, so kept").isFalse();
    erase(mark);
    Erasures.prune(connection);
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.erased")).isZero();
    assertThat(Sql.number(connection, "SELECT count(*) FROM gapless.erasures")).isZero();
  }

  /** Up to 9,998 x, and 9,999 of y. */
  private void fillFirstPartition() throws SQLException {
    append(Collections.nCopies(9_992, "x").toArray(String[]::new));
    append("y");
  }

  private List<Cursor> append(String... owners) throws SQLException {
    List<EventDraft> drafts = new ArrayList<>();
    for (String owner : owners) {
      drafts.add(EventDraft.of(owner, "/a", "t", "{}"));
    }
    return eventLog.append(connection, drafts);
  }

  private Optional<Cursor> request(String owner) throws SQLException {
    return Transactions.run(connection, tx -> erasures.request(tx, owner, false));
  }

  private int erase(Cursor head) throws SQLException {
    return ErasureRun.create().run(connection, head, done::add);
  }

  private CursorCheck check(Cursor cursor, Cursor head) throws SQLException {
    return eventLog.check(connection, cursor, head);
  }

  private boolean valid(Cursor cursor, Cursor head) throws SQLException {
    return check(cursor, head).equals(new CursorCheck.Valid(cursor));
  }

  private ReadResult forward(Cursor after, EventFilter filter, Cursor upTo) throws SQLException {
    return eventLog.readForward(connection, after, upTo, filter, LIMITS);
  }

  private static List<Event> events(ReadResult result) {
    return ((ReadResult.Page) result).events();
  }

  private static List<Cursor> marks(ReadResult result) {
    return events(result).stream().filter(Event::isErasure).map(Event::cursor).toList();
  }

  private List<Long> positions() throws SQLException {
    List<Long> positions = new ArrayList<>();
    Cursor head = append("z").get(0);
    for (Event event : events(forward(Cursor.EARLIEST, EventFilter.ALL, head))) {
      if (!event.owner().equals("z")) {
        positions.add(event.position());
      }
    }
    return positions;
  }
}
