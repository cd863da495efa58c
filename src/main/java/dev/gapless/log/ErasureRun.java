package dev.gapless.log;

import dev.gapless.event.Cursor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Removes the events of owners that were {@linkplain Erasures erased}, in portions, each a
 * transaction that leaves the fingerprints of what it takes. A run that dies has lost nothing: the
 * next one, of any node, goes on. One node at a time works. Blocking; stateless and thread-safe.
 */
public final class ErasureRun {
  /** Rows of one transaction. */
  private static final int PORTION = 1_000;

  /** For each statement: longer than a portion of the largest events takes. */
  private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(30);

  private static final Duration SILENCE = Duration.ofSeconds(40);

  private static final String PENDING =
      "SELECT position, owner FROM gapless.erasures WHERE done_at IS NULL ORDER BY position";

  /** Written as in {@link PageStatement}, for the planner's sake. */
  private static final String ROWS =
      "SELECT "
          + EventRows.COLUMNS_OF_CURSOR
          + " FROM gapless.events WHERE (owner, id) > (?, ?) AND (owner, id) < (?, ?)"
          + " ORDER BY owner, id LIMIT "
          + PORTION;

  private static final String KEEP_FINGERPRINTS =
      """
      INSERT INTO gapless.erased (id, fingerprint)
      SELECT id, fingerprint FROM unnest(?::bigint[], ?::integer[]) AS gone (id, fingerprint)
      ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint
      """;

  private ErasureRun() {}

  public static ErasureRun create() {
    return new ErasureRun();
  }

  /**
   * An erasure that is done.
   *
   * @param events how many were removed by the run that ended it
   * @param took how long that run was at it
   */
  public record Done(long position, long events, Duration took) {}

  /** An erasure that is asked for and not done. */
  private record Pending(long position, String owner) {}

  /**
   * Removes what can be removed now: what is below a mark that this node has decided. Before, an
   * event of the owner below the mark may still be in flight.
   *
   * @param connection in autocommit, to a primary, not used by anybody else
   * @param head what this node has decided; 0 if it does not know now: then nothing goes
   * @param done told of each erasure as soon as it is done
   * @return how many erasures are not done; another node may be at them
   */
  public int run(Connection connection, Cursor head, Consumer<Done> done) throws SQLException {
    return SilenceLimit.run(
        connection,
        SILENCE,
        open -> StatementLimit.run(open, STATEMENT_LIMIT, limited -> erase(limited, head, done)));
  }

  private int erase(Connection connection, Cursor head, Consumer<Done> done) throws SQLException {
    int waiting = pending(connection).size();
    if (waiting == 0 || !isOfThisHistory(connection, head)) {
      return waiting;
    }
    return SessionLock.tryRun(
            connection, LogNames.ERASURE_LOCK_KEY, alone -> eraseAlone(alone, head, done))
        .orElse(waiting);
  }

  /** Returns how many are left. */
  private int eraseAlone(Connection connection, Cursor head, Consumer<Done> done)
      throws SQLException {
    for (Pending erasure : pending(connection)) {
      if (erasure.position() <= head.position()) {
        long begun = System.nanoTime();
        long events = eraseOne(connection, erasure);
        finish(connection, erasure);
        done.accept(
            new Done(erasure.position(), events, Duration.ofNanos(System.nanoTime() - begun)));
      }
    }
    return pending(connection).size();
  }

  /** In another history than the head's, what is below it may not be decided. */
  private static boolean isOfThisHistory(Connection connection, Cursor head) throws SQLException {
    return !head.isEarliest() && CursorRead.of(connection, head.position()).lost(head).isEmpty();
  }

  private long eraseOne(Connection connection, Pending erasure) throws SQLException {
    long events = 0;
    // not from the beginning again: the index still has what was removed before
    long above = 0;
    List<Cursor> gone;
    do {
      long from = above;
      gone = Transactions.run(connection, tx -> erasePortion(tx, erasure, from));
      events += gone.size();
      above = gone.isEmpty() ? above : gone.get(gone.size() - 1).position();
    } while (!gone.isEmpty());
    return events;
  }

  private List<Cursor> erasePortion(Connection tx, Pending erasure, long above)
      throws SQLException {
    execute(tx, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    List<Cursor> portionOfRows = rows(tx, erasure, above);
    if (portionOfRows.isEmpty()) {
      return portionOfRows;
    }
    // so that only the partitions that hold them are looked at
    execute(tx, "SET LOCAL plan_cache_mode = force_custom_plan");
    Long[] ids = portionOfRows.stream().map(Cursor::position).toArray(Long[]::new);
    Integer[] fingerprints =
        portionOfRows.stream().map(Cursor::fingerprint).toArray(Integer[]::new);
    try (PreparedStatement keep = tx.prepareStatement(KEEP_FINGERPRINTS);
        PreparedStatement delete =
            tx.prepareStatement("DELETE FROM gapless.events WHERE id = ANY (?) AND owner = ?")) {
      keep.setArray(1, tx.createArrayOf("bigint", ids));
      keep.setArray(2, tx.createArrayOf("integer", fingerprints));
      keep.executeUpdate();
      delete.setArray(1, tx.createArrayOf("bigint", ids));
      delete.setString(2, erasure.owner());
      delete.executeUpdate();
    }
    return portionOfRows;
  }

  private List<Cursor> rows(Connection tx, Pending erasure, long above) throws SQLException {
    try (PreparedStatement statement = tx.prepareStatement(ROWS)) {
      statement.setString(1, erasure.owner());
      statement.setLong(2, above);
      statement.setString(3, erasure.owner());
      statement.setLong(4, erasure.position());
      List<Cursor> cursors = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          cursors.add(EventRows.cursor(row));
        }
      }
      return cursors;
    }
  }

  private static void finish(Connection connection, Pending erasure) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE gapless.erasures SET done_at = clock_timestamp()"
                + " WHERE position = ? AND done_at IS NULL")) {
      statement.setLong(1, erasure.position());
      statement.executeUpdate();
    }
  }

  private static List<Pending> pending(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(PENDING);
        ResultSet row = statement.executeQuery()) {
      List<Pending> pending = new ArrayList<>();
      while (row.next()) {
        pending.add(new Pending(row.getLong(1), row.getString(2)));
      }
      return pending;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
