package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.LostReason;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of resuming; those about the retired mark are in {@link RetentionTest}. */
class CursorCheckTest {
  private final EventLog eventLog = EventLog.create();
  private TestDatabase database;
  private Connection connection;
  private List<Cursor> cursors;

  /** Positions 1 to 3, a dead 4, then 5 and 6. */
  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.create();
    connection = database.dataSource().getConnection();
    EventDraft draft = EventDraft.of("o", "/a", "t");
    cursors = new java.util.ArrayList<>(eventLog.append(connection, List.of(draft, draft, draft)));
    connection.setAutoCommit(false);
    eventLog.append(connection, List.of(draft));
    connection.rollback();
    connection.setAutoCommit(true);
    cursors.addAll(eventLog.append(connection, List.of(draft, draft)));
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void aCursorWhoseEventIsThereContinues() throws SQLException {
    for (Cursor cursor : cursors) {
      assertThat(check(cursor)).isEqualTo(new CursorCheck.Valid(cursor));
      assertThat(check(Cursor.bare(cursor.position()))).isEqualTo(new CursorCheck.Valid(cursor));
    }
    assertThat(check(Cursor.EARLIEST)).isEqualTo(new CursorCheck.Valid(Cursor.EARLIEST));
  }

  @Test
  void aCursorOfAnotherHistoryIsRefused() throws SQLException {
    CursorCheck diverged = new CursorCheck.Lost(LostReason.DIVERGED, Cursor.EARLIEST);
    Cursor second = cursors.get(1);
    assertThat(check(new Cursor(2, second.fingerprint() ^ 1))).isEqualTo(diverged);
    assertThat(check(new Cursor(4, 17))).isEqualTo(diverged);
    Sql.run(connection, "DELETE FROM gapless.events WHERE id = 2");
    assertThat(check(second)).isEqualTo(diverged);
    // another event took its position
    Sql.run(
        connection,
        "INSERT INTO gapless.events (id, owner, path, type) OVERRIDING SYSTEM VALUE"
            + " VALUES (2, 'o', '/a', 't')");
    assertThat(check(second)).isEqualTo(diverged);
  }

  @Test
  void aBareCursorAtADeadPositionContinuesAtTheEventBelow() throws SQLException {
    assertThat(check(Cursor.bare(4))).isEqualTo(new CursorCheck.Valid(cursors.get(2)));
    Sql.run(connection, "DELETE FROM gapless.events WHERE id <= 3");
    assertThat(check(Cursor.bare(4))).isEqualTo(new CursorCheck.Valid(Cursor.EARLIEST));
  }

  @Test
  void aboveTheHeadItWaitsAndAboveTheSequenceItIsLost() throws SQLException {
    Cursor head = cursors.get(2);
    assertThat(eventLog.check(connection, cursors.get(4), head)).isEqualTo(new CursorCheck.Ahead());
    assertThat(eventLog.check(connection, Cursor.bare(4), head)).isEqualTo(new CursorCheck.Ahead());
    CursorCheck ahead = new CursorCheck.Lost(LostReason.AHEAD, Cursor.EARLIEST);
    assertThat(check(new Cursor(7, 1))).isEqualTo(ahead);
    assertThat(check(Cursor.bare(Long.MAX_VALUE))).isEqualTo(ahead);
    // a position drawn by a transaction still in flight is not lost
    try (Connection writer = database.dataSource().getConnection()) {
      writer.setAutoCommit(false);
      eventLog.append(writer, List.of(EventDraft.of("o", "/a", "t")));
      assertThat(check(new Cursor(7, 1))).isEqualTo(new CursorCheck.Ahead());
    }
  }

  @Test
  void anEmptyLogKnowsNoCursorButTheEarliest() throws SQLException {
    try (TestDatabase empty = TestLogs.create();
        Connection there = empty.dataSource().getConnection()) {
      assertThat(eventLog.check(there, Cursor.bare(1), Cursor.EARLIEST))
          .isEqualTo(new CursorCheck.Lost(LostReason.AHEAD, Cursor.EARLIEST));
      assertThat(eventLog.check(there, Cursor.EARLIEST, Cursor.EARLIEST))
          .isEqualTo(new CursorCheck.Valid(Cursor.EARLIEST));
    }
  }

  private CursorCheck check(Cursor cursor) throws SQLException {
    return eventLog.check(connection, cursor, cursors.get(4));
  }
}
