package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the partitions of the log ahead of the positions that are handed out. There is no default
 * partition: an insert beyond the last one fails, so enough of them must stand ready.
 *
 * <p>Attaching takes no lock that an insert or a read waits for. Several nodes may call at once;
 * one of them works, the others look. Blocking; thread-safe.
 */
public final class Partitions {
  private static final Logger log = LoggerFactory.getLogger(Partitions.class);

  /** A lock was not to be had in time, or another node was faster. */
  private static final Set<String> RETRIED = Set.of("55P03", "40P01", "42P07", "42P17");

  private static final String NOT_OWNER = "42501";

  private static final long FIRST_POSITION = 1;
  private static final int TRIES = 3;
  private static final int TRIES_AT_START = 60;

  private static final String LAST_POSITION =
      """
      SELECT coalesce(pg_sequence_last_value(
        pg_get_serial_sequence('gapless.events', 'id')::regclass), 0)
      """;

  private final long size;
  private final int ahead;

  private Partitions(long size, int ahead) {
    this.size = size;
    this.ahead = ahead;
  }

  public static Partitions create(LogSettings settings) {
    return new Partitions(settings.partitionSize(), settings.partitionsAhead());
  }

  /**
   * What stands ready.
   *
   * @param count attached partitions
   * @param lastPosition the highest position handed out, 0 if none
   * @param end the first position that no partition holds
   * @param ahead partitions that begin above {@code lastPosition}
   * @param enough whether as many are ahead as the settings ask for; if not, the next call tries
   *     again, and inserts fail once {@code end} is reached
   */
  public record Status(int count, long lastPosition, long end, int ahead, boolean enough) {}

  /**
   * Creates what is missing, giving up quickly where a lock is not to be had; the next call goes
   * on. To be called every minute or so, outside a transaction, by a role that owns the log.
   */
  public Status ensureAhead(Connection connection) throws SQLException {
    return ensureAhead(connection, TRIES);
  }

  /** What stands ready, without touching it. */
  public Status observe(Connection connection) throws SQLException {
    List<PartitionRange> ranges = PartitionRange.all(connection);
    long last = lastPosition(connection);
    long end = FIRST_POSITION;
    int begun = 0;
    for (PartitionRange range : ranges) {
      end = Math.max(end, range.to());
      if (range.from() > last) {
        begun++;
      }
    }
    return new Status(ranges.size(), last, end, begun, begun >= ahead);
  }

  void ensureAheadAtStart(Connection connection) throws SQLException {
    Status status = ensureAhead(connection, TRIES_AT_START);
    if (status.ahead() == 0) {
      throw new SQLException("another session keeps the log's partitions locked", "55P03");
    }
  }

  private Status ensureAhead(Connection connection, int tries) throws SQLException {
    if (!connection.getAutoCommit()) {
      throw new IllegalStateException("partitions are not created inside a transaction");
    }
    Status status = observe(connection);
    int left = tries;
    while (!status.enough() && left > 0) {
      try {
        if (!Transactions.run(connection, this::addOne)) {
          left--;
        }
      } catch (SQLException e) {
        if (NOT_OWNER.equals(e.getSQLState())) {
          log.warn("this role may not add partitions to the log: its owner has to");
          return status;
        }
        if (e.getSQLState() == null || !RETRIED.contains(e.getSQLState())) {
          throw e;
        }
        left--;
        log.info("a partition of the log could not be added yet (SQLSTATE {})", e.getSQLState());
      }
      status = observe(connection);
    }
    return status;
  }

  private static long lastPosition(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LAST_POSITION);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  /** False if another node was faster. */
  private boolean addOne(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // ends the wait for the other node's work too
      statement.execute("SET LOCAL lock_timeout = '1s'");
      statement.execute("SELECT pg_advisory_xact_lock(" + LogNames.PARTITION_LOCK_KEY + ")");
      Status status = observe(connection);
      if (status.enough()) {
        return false;
      }
      long from = status.end();
      long to = end(from, status.lastPosition());
      String name = "gapless.events_p" + from;
      statement.execute(
          "CREATE TABLE "
              + name
              + " (LIKE gapless.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)");
      // the parent's trigger does not see a partition truncated directly
      statement.execute(
          "CREATE TRIGGER gapless_refuse_truncate BEFORE TRUNCATE ON "
              + name
              + " FOR EACH STATEMENT EXECUTE FUNCTION gapless.refuse_truncate()");
      statement.execute(
          "ALTER TABLE gapless.events ATTACH PARTITION "
              + name
              + " FOR VALUES FROM ("
              + from
              + ") TO ("
              + to
              + ")");
      return true;
    }
  }

  /**
   * Normally one size further; one wide partition where the sequence has jumped past everything.
   */
  private long end(long from, long lastPosition) {
    long used = Math.max(from, lastPosition);
    if (used > Long.MAX_VALUE - 2 * size) {
      return Long.MAX_VALUE;
    }
    return used < from + size ? from + size : used - used % size + size;
  }
}
