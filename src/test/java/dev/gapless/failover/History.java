package dev.gapless.failover;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import javax.sql.DataSource;

/** The committed events of one history of the log, as the database shows them. Immutable. */
final class History {
  private final NavigableMap<Long, Event> events;

  /** By position: clients are judged frame by frame, and each fingerprint is computed once. */
  private final Map<Long, Cursor> cursors = new HashMap<>();

  private final long handedOut;

  private History(NavigableMap<Long, Event> events, long handedOut) {
    this.events = events;
    this.handedOut = handedOut;
    events.values().forEach(event -> cursors.put(event.position(), event.cursor()));
  }

  /** All there is now. Nobody may be writing what a client could get. */
  static History read(DataSource source) {
    NavigableMap<Long, Event> events = new TreeMap<>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      try (ResultSet row =
          statement.executeQuery(
              "SELECT id, owner, path, type, created_at FROM gapless.events ORDER BY id")) {
        while (row.next()) {
          Event event =
              new Event(
                  row.getLong(1),
                  row.getString(2),
                  row.getString(3),
                  row.getString(4),
                  Optional.empty(),
                  row.getObject(5, OffsetDateTime.class).toInstant());
          events.put(event.position(), event);
        }
      }
      return new History(events, handedOut(statement));
    } catch (SQLException e) {
      throw new IllegalStateException("history", e);
    }
  }

  private static long handedOut(Statement statement) throws SQLException {
    try (ResultSet row =
        statement.executeQuery(
            "SELECT coalesce(pg_sequence_last_value("
                + "pg_get_serial_sequence('gapless.events', 'id')::regclass), 0)")) {
      row.next();
      return row.getLong(1);
    }
  }

  /** What the sequence said when this was read. */
  long handedOut() {
    return handedOut;
  }

  int size() {
    return events.size();
  }

  long last() {
    return events.isEmpty() ? 0 : events.lastKey();
  }

  /** As clients get them. */
  List<String> cursors() {
    return events.values().stream().map(event -> event.cursor().toString()).toList();
  }

  /** Whether exactly this event is part of it; the beginning of the log always is. */
  boolean has(Cursor cursor) {
    return cursor.isEarliest() || cursor.equals(cursors.get(cursor.position()));
  }

  /** The cursor of the first event after a position that a client asked for. */
  Optional<Cursor> next(long after, Predicate<Event> wanted) {
    // no stream: the one of a tail map counts all that is behind before it begins
    for (Event event : events.tailMap(after, false).values()) {
      if (wanted.test(event)) {
        return Optional.of(cursors.get(event.position()));
      }
    }
    return Optional.empty();
  }

  /** The last event before a position. */
  Optional<Event> previous(long before) {
    return Optional.ofNullable(events.lowerEntry(before)).map(Map.Entry::getValue);
  }

  /** How many events of this history another one does not have. */
  long missingIn(History other) {
    return events.values().stream().filter(event -> !other.has(event.cursor())).count();
  }

  /** How many positions this history and another one gave to different events. */
  long otherwiseIn(History other) {
    return events.values().stream()
        .filter(event -> other.events.containsKey(event.position()))
        .filter(event -> !other.has(event.cursor()))
        .count();
  }
}
