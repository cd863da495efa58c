package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Keeps no state but for the statements it knows. */
final class JdbcEventLog implements EventLog {
  /** Retention may advance while a page from the beginning is read; it does so rarely. */
  private static final int TRIES_FROM_EARLIEST = 5;

  private static final String HIGHEST_AT_OR_BELOW =
      "SELECT "
          + EventRows.COLUMNS_OF_CURSOR
          + " FROM gapless.events WHERE id <= ? ORDER BY id DESC LIMIT 1";

  // not above what the sequence has drawn: no head ever passes a row that was forced there
  private static final String HIGHEST_DRAWN =
      """
      SELECT id FROM gapless.events
      WHERE id <= (SELECT coalesce(pg_sequence_last_value(
        pg_get_serial_sequence('gapless.events', 'id')::regclass), 0))
      ORDER BY id DESC LIMIT 1
      """;

  @Override
  public List<Cursor> append(Connection connection, List<EventDraft> drafts) throws SQLException {
    return Appender.append(connection, drafts);
  }

  @Override
  public ReadResult readForward(
      Connection connection, Cursor after, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException {
    return Transactions.run(
        connection,
        tx ->
            after.isEarliest()
                ? fromEarliest(tx, upTo, filter, limits)
                : forward(tx, after, upTo, filter, limits));
  }

  @Override
  public ReadResult readBackward(
      Connection connection, Cursor before, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException {
    return Transactions.run(connection, tx -> backward(tx, before, upTo, filter, limits));
  }

  @Override
  public CursorCheck check(Connection connection, Cursor cursor, Cursor head) throws SQLException {
    if (cursor.isEarliest()) {
      return new CursorCheck.Valid(Cursor.EARLIEST);
    }
    CursorRead read = CursorRead.of(connection, cursor.position());
    long mark = read.earliest().position();
    boolean aboveMark = mark < cursor.position();
    if (aboveMark && cursor.position() > head.position() && cursor.position() <= read.lastValue()) {
      return new CursorCheck.Ahead();
    }
    // whatever follows is served by the node's head, so it has to be of the same history
    requireBound(connection, head);
    if (aboveMark && cursor.position() > read.lastValue()) {
      return new CursorCheck.Lost(LostReason.AHEAD, read.earliest());
    }
    Optional<LostReason> lost = read.lost(cursor);
    if (lost.isPresent()) {
      return new CursorCheck.Lost(lost.get(), read.earliest());
    }
    if (mark == cursor.position()) {
      return new CursorCheck.Valid(read.earliest());
    }
    if (read.event().isPresent()) {
      return new CursorCheck.Valid(read.event().get());
    }
    return new CursorCheck.Valid(existingAtOrBelow(connection, cursor, read.earliest()));
  }

  @Override
  public OptionalLong highestVisible(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HIGHEST_DRAWN);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? OptionalLong.of(row.getLong(1)) : OptionalLong.empty();
    }
  }

  private static ReadResult forward(
      Connection tx, Cursor after, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException {
    PageScan scan =
        PageScan.read(tx, after.position(), upTo.position(), filter, limits, /* forward= */ true);
    CursorRead.Pair read = CursorRead.of(tx, after.position(), upTo.position());
    Optional<LostReason> lost = read.start().lost(after);
    if (lost.isPresent()) {
      return new ReadResult.Lost(lost.get(), read.start().earliest());
    }
    requireBound(read.bound(), upTo);
    return page(scan, after, upTo);
  }

  /**
   * The bound is decided in the history it belongs to. In another one, rows below it may still be
   * in flight: nothing that was read may be used, and the caller will soon have another bound.
   */
  private static void requireBound(Connection tx, Cursor upTo) throws SQLException {
    if (!upTo.isBare()) {
      requireBound(CursorRead.of(tx, upTo.position()), upTo);
    }
  }

  private static void requireBound(CursorRead bound, Cursor upTo) throws SQLException {
    if (bound.lost(upTo).filter(reason -> reason == LostReason.DIVERGED).isPresent()) {
      throw new SQLTransientException("the log has gone back behind the head of this node");
    }
  }

  /**
   * Begins above the retired mark: what is below may still be there until its partition has gone. A
   * mark that moved meanwhile may have taken rows out of the middle of what was read.
   */
  private static ReadResult fromEarliest(
      Connection tx, Cursor upTo, EventFilter filter, PageLimits limits) throws SQLException {
    Cursor start = CursorRead.of(tx, 0).earliest();
    for (int i = 0; i < TRIES_FROM_EARLIEST; i++) {
      PageScan scan =
          PageScan.read(tx, start.position(), upTo.position(), filter, limits, /* forward= */ true);
      Cursor mark = CursorRead.of(tx, 0).earliest();
      if (mark.position() == start.position()) {
        requireBound(tx, upTo);
        return page(scan, start, upTo);
      }
      start = mark;
    }
    return new ReadResult.Lost(LostReason.RETENTION, start);
  }

  private static ReadResult page(PageScan scan, Cursor after, Cursor upTo) {
    if (after.position() >= upTo.position()) {
      return new ReadResult.Page(List.of(), after, /* complete= */ true);
    }
    Cursor scannedTo = scan.complete() ? upTo : scan.scannedTo().orElse(after);
    boolean complete = scan.complete() || scannedTo.position() == upTo.position();
    return new ReadResult.Page(scan.events(), scannedTo, complete);
  }

  private static ReadResult backward(
      Connection tx, Cursor before, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException {
    long highest = Math.min(before.position() - 1, upTo.position());
    PageScan scan = PageScan.read(tx, 0, highest, filter, limits, /* forward= */ false);
    CursorRead read = CursorRead.of(tx, before.position());
    Optional<LostReason> lost = read.lost(before);
    if (lost.isPresent()) {
      return new ReadResult.Lost(lost.get(), read.earliest());
    }
    requireBound(tx, upTo);
    long mark = read.earliest().position();
    List<Event> retained =
        scan.events().stream().filter(e -> e.position() > mark && !e.isErasure()).toList();
    boolean complete = scan.complete() || scan.scannedTo().map(Cursor::position).orElse(0L) <= mark;
    Cursor scannedTo =
        complete ? read.earliest() : scan.scannedTo().orElseThrow(IllegalStateException::new);
    return new ReadResult.Page(retained, scannedTo, complete);
  }

  private static Cursor existingAtOrBelow(Connection connection, Cursor bare, Cursor earliest)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HIGHEST_AT_OR_BELOW)) {
      statement.setLong(1, bare.position());
      try (ResultSet row = statement.executeQuery()) {
        Cursor below = row.next() ? EventRows.cursor(row) : Cursor.EARLIEST;
        return below.position() > earliest.position() ? below : earliest;
      }
    }
  }
}
