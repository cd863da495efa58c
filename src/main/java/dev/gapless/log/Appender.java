package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.InvalidValueException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One INSERT for the drafts. It names the column of the trace context only where a draft has one:
 * roles that may not write it go on to append without.
 */
final class Appender {
  /** One draft costs PostgreSQL much less this way. */
  private static final String INSERT_ONE =
      """
      INSERT INTO gapless.events (owner, path, type, data) VALUES (?, ?, ?, ?::jsonb)
      RETURNING id, created_at
      """;

  /**
   * The order is what makes the n-th returned row the n-th draft: PostgreSQL draws the positions
   * after sorting.
   */
  private static final String INSERT_MANY =
      """
      INSERT INTO gapless.events (owner, path, type, data)
      SELECT owner, path, type, data::jsonb
      FROM unnest(?::text[], ?::text[], ?::text[], ?::text[])
        WITH ORDINALITY AS draft (owner, path, type, data, n)
      ORDER BY n
      RETURNING id, created_at
      """;

  private static final String INSERT_ONE_TRACED =
      """
      INSERT INTO gapless.events (owner, path, type, data, traceparent)
      VALUES (?, ?, ?, ?::jsonb, ?)
      RETURNING id, created_at
      """;

  /** Drafts without one get what the column's default would give them. */
  private static final String INSERT_MANY_TRACED =
      """
      INSERT INTO gapless.events (owner, path, type, data, traceparent)
      SELECT owner, path, type, data::jsonb, coalesce(traceparent,
        CASE WHEN current_setting('gapless.traceparent', true)
            LIKE '00-________________________________-________________-__'
          AND current_setting('gapless.traceparent', true)
            ~ '^00-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]+$'
          THEN current_setting('gapless.traceparent', true) END)
      FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
        WITH ORDINALITY AS draft (owner, path, type, data, traceparent, n)
      ORDER BY n
      RETURNING id, created_at
      """;

  private Appender() {}

  static List<Cursor> append(Connection connection, List<EventDraft> drafts) throws SQLException {
    if (drafts.isEmpty()) {
      return List.of();
    }
    drafts.forEach(draft -> draft.data().ifPresent(Appender::requireUnicode));
    boolean one = drafts.size() == 1;
    boolean traced = drafts.stream().anyMatch(draft -> draft.traceparent().isPresent());
    try (PreparedStatement statement = connection.prepareStatement(insert(one, traced))) {
      if (one) {
        setTexts(statement, drafts.get(0));
      } else {
        setTexts(statement, drafts, traced);
      }
      List<Cursor> cursors = new ArrayList<>(drafts.size());
      try (ResultSet row = statement.executeQuery()) {
        long previous = 0;
        for (EventDraft draft : drafts) {
          if (!row.next() || row.getLong(1) <= previous) {
            throw new IllegalStateException("PostgreSQL did not insert the drafts in order");
          }
          previous = row.getLong(1);
          cursors.add(
              new Event(
                      previous,
                      draft.owner(),
                      draft.path(),
                      draft.type(),
                      draft.data(),
                      row.getObject(2, OffsetDateTime.class).toInstant())
                  .cursor());
        }
      }
      return List.copyOf(cursors);
    }
  }

  private static String insert(boolean one, boolean traced) {
    if (one) {
      return traced ? INSERT_ONE_TRACED : INSERT_ONE;
    }
    return traced ? INSERT_MANY_TRACED : INSERT_MANY;
  }

  /** The driver would send a question mark in its place. */
  private static void requireUnicode(String json) {
    for (int i = 0; i < json.length(); i++) {
      if (Character.isSurrogate(json.charAt(i))) {
        if (!Character.isSurrogatePair(
            json.charAt(i), i + 1 < json.length() ? json.charAt(i + 1) : 'x')) {
          throw InvalidValueException.of("data", "not valid Unicode");
        }
        i++;
      }
    }
  }

  private static void setTexts(PreparedStatement statement, EventDraft draft) throws SQLException {
    statement.setString(1, draft.owner());
    statement.setString(2, draft.path());
    statement.setString(3, draft.type());
    statement.setString(4, draft.data().orElse(null));
    if (draft.traceparent().isPresent()) {
      statement.setString(5, draft.traceparent().get());
    }
  }

  private static void setTexts(PreparedStatement statement, List<EventDraft> drafts, boolean traced)
      throws SQLException {
    setTexts(statement, 1, drafts, EventDraft::owner);
    setTexts(statement, 2, drafts, EventDraft::path);
    setTexts(statement, 3, drafts, EventDraft::type);
    setTexts(statement, 4, drafts, draft -> draft.data().orElse(null));
    if (traced) {
      setTexts(statement, 5, drafts, draft -> draft.traceparent().orElse(null));
    }
  }

  private static void setTexts(
      PreparedStatement statement,
      int index,
      List<EventDraft> drafts,
      Function<EventDraft, ?> column)
      throws SQLException {
    Object[] texts = drafts.stream().map(column).toArray();
    statement.setArray(index, statement.getConnection().createArrayOf("text", texts));
  }
}
