package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.log.CommitTimes;
import dev.gapless.log.HeadReads;
import dev.gapless.log.HeadReads.Blocker;
import dev.gapless.log.HeadReads.LockRead;
import dev.gapless.log.HeadReads.Removed;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tail's one connection and the statements on it, counted. Blocking, not thread-safe. */
final class TailConnection {
  private static final Logger LOG = LoggerFactory.getLogger(TailConnection.class);

  private final TailSettings settings;
  private final StatementCounter counter;
  private final Connection connection;
  private final HeadReads reads;

  /** Whether rows are read with the times of their commits. */
  private boolean timed;

  private CommitTimes times = CommitTimes.UNKNOWN;

  private TailConnection(
      TailSettings settings,
      StatementCounter counter,
      Connection connection,
      HeadReads reads,
      boolean timed) {
    this.settings = settings;
    this.counter = counter;
    this.connection = connection;
    this.reads = reads;
    this.timed = timed;
  }

  static TailConnection open(
      DataSource direct,
      ConnectionCheck check,
      HeadReads reads,
      TailSettings settings,
      StatementCounter counter)
      throws SQLException {
    Connection connection = direct.getConnection();
    try {
      connection.setNetworkTimeout(Runnable::run, (int) settings.statementTimeout().toMillis());
      connection.setAutoCommit(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      check.check(connection);
      try (Statement statement = connection.createStatement()) {
        // the only writes are marks, which are verified before use: they need not wait for a disk
        statement.execute("SET synchronous_commit = off");
      }
      return new TailConnection(
          settings, counter, connection, reads, reads.keepsCommitTimes(connection));
    } catch (SQLException e) {
      abort(connection);
      throw e;
    } catch (RuntimeException e) {
      abort(connection);
      throw new SQLException(e.getMessage(), e);
    }
  }

  /** The rows from the head on; one more than a batch, since the head's own row is among them. */
  List<Event> rows(Cursor head, long ceiling) throws SQLException {
    counter.rows++;
    int batch = settings.batchEvents();
    List<Event> rows = read(head.position(), ceiling, batch + 1);
    boolean withoutHead = rows.size() > batch && rows.get(0).position() != head.position();
    return withoutHead ? rows.subList(0, batch) : rows;
  }

  /** When the rows of the last {@link #rows} were committed. */
  CommitTimes commitTimes() {
    return times;
  }

  private List<Event> read(long from, long ceiling, int limit) throws SQLException {
    if (timed) {
      try {
        HeadReads.TimedRows found =
            reads.timedRows(connection, from, ceiling, limit, settings.batchBytes());
        times = found.times();
        return found.events();
      } catch (SQLException e) {
        // they are for a figure only: no delivery may depend on them
        LOG.warn("commit_times_failed: not asked for any more, SQLSTATE {}", e.getSQLState());
        timed = false;
        times = CommitTimes.UNKNOWN;
      }
    }
    return reads.rows(connection, from, ceiling, limit, settings.batchBytes());
  }

  LockRead locks() throws SQLException {
    counter.locks++;
    return reads.locks(connection);
  }

  List<Blocker> blockers(Set<String> virtualTransactions) throws SQLException {
    counter.others++;
    return reads.blockers(connection, virtualTransactions);
  }

  Removed removed(long position) throws SQLException {
    counter.others++;
    return reads.removed(connection, position);
  }

  Optional<Cursor> decided() throws SQLException {
    counter.others++;
    return reads.decided(connection);
  }

  void storeDecided(Cursor head, boolean replace) throws SQLException {
    counter.others++;
    reads.storeDecided(connection, head, replace);
  }

  Optional<Cursor> highestVisible() throws SQLException {
    counter.others++;
    return reads.highestVisible(connection);
  }

  /** In good order; takes at most the statement timeout. */
  void close() {
    try {
      try (Statement statement = connection.createStatement()) {
        // it may go back to a pool, where the next commit is somebody else's
        statement.execute("RESET synchronous_commit");
      }
      connection.close();
    } catch (SQLException e) {
      abort(connection);
    }
  }

  /** Without a word to a server that may not answer any more. */
  void abort() {
    abort(connection);
  }

  private static void abort(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException alreadyGone) {
      // nothing is left to release
    }
  }

  /** Survives the connections. */
  static final class StatementCounter {
    private long rows;
    private long locks;
    private long others;

    TailStatus.Statements total() {
      return new TailStatus.Statements(rows, locks, others);
    }
  }
}
