package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;

/**
 * Owners whose events are to be erased. An erasure is an item of the log: its {@linkplain
 * Event#isErasure mark} tells whoever has read the owner's events to forget them, in order, and
 * bounds what goes. {@link ErasureRun} removes the events. Stateless and thread-safe.
 */
public final class Erasures {
  private static final String PENDING =
      "SELECT "
          + EventRows.COLUMNS_OF_CURSOR
          + " FROM gapless.events WHERE id ="
          + " (SELECT max(position) FROM gapless.erasures WHERE owner = ? AND done_at IS NULL)";

  /** Written as in {@link PageStatement}, for the planner's sake. */
  private static final String ANY_EVENT =
      """
      SELECT EXISTS (
        SELECT FROM gapless.events
        WHERE (owner, id) > (?, ?) AND (owner, id) <= (?, ?)
          AND NOT (type = 'ERASED' AND path = '/' AND data IS NULL)
        ORDER BY owner, id LIMIT 1)
      """;

  private static final int PRUNED_AT_ONCE = 10_000;

  private static final String PRUNE_ERASED =
      """
      DELETE FROM gapless.erased WHERE id IN (
        SELECT id FROM gapless.erased WHERE id <= (SELECT position FROM gapless.retired)
        ORDER BY id LIMIT %d)
      """
          .formatted(PRUNED_AT_ONCE);

  private static final String PRUNE_ERASURES =
      """
      DELETE FROM gapless.erasures
      WHERE done_at IS NOT NULL AND position <= (SELECT position FROM gapless.retired)
      """;

  private final EventLog log;

  private Erasures(EventLog log) {
    this.log = log;
  }

  public static Erasures create(EventLog log) {
    return new Erasures(log);
  }

  /**
   * Appends the mark of an erasure, inside the caller's transaction: all events of this owner that
   * are below it will be removed. An erasure that is not done yet is joined, unless the owner has
   * come back since.
   *
   * @param known whether something else of this owner is there, or was until this transaction
   * @return the mark; empty if nothing is known of the owner but marks
   */
  public Optional<Cursor> request(Connection transaction, String owner, boolean known)
      throws SQLException {
    try (Statement statement = transaction.createStatement()) {
      statement.execute("SELECT pg_advisory_xact_lock(" + LogNames.ERASURE_REQUEST_LOCK_KEY + ")");
    }
    Optional<Cursor> pending = pending(transaction, owner);
    long since = pending.map(Cursor::position).orElse(0L);
    if (!known && !hasEventsAfter(transaction, owner, since)) {
      return pending;
    }
    EventDraft mark = EventDraft.of(owner, Event.ERASED_PATH, Event.ERASED);
    Cursor cursor = log.append(transaction, List.of(mark)).get(0);
    try (PreparedStatement statement =
        transaction.prepareStatement(
            "INSERT INTO gapless.erasures (position, owner) VALUES (?, ?)")) {
      statement.setLong(1, cursor.position());
      statement.setString(2, owner);
      statement.executeUpdate();
    }
    return Optional.of(cursor);
  }

  /** Whether all events below the mark at this position are gone. */
  public boolean isDone(Connection connection, long position) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT FROM gapless.erasures WHERE position = ? AND done_at IS NOT NULL")) {
      statement.setLong(1, position);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  /** Forgets what the retired mark has passed: no cursor below it is asked for any more. */
  static void prune(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      int pruned;
      do {
        pruned = statement.executeUpdate(PRUNE_ERASED);
      } while (pruned == PRUNED_AT_ONCE);
      statement.executeUpdate(PRUNE_ERASURES);
    }
  }

  private static Optional<Cursor> pending(Connection connection, String owner) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(PENDING)) {
      statement.setString(1, owner);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(EventRows.cursor(row)) : Optional.empty();
      }
    }
  }

  private static boolean hasEventsAfter(Connection connection, String owner, long position)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ANY_EVENT)) {
      statement.setString(1, owner);
      statement.setLong(2, position);
      statement.setString(3, owner);
      statement.setLong(4, Long.MAX_VALUE);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }
}
