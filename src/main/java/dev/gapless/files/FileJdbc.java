package dev.gapless.files;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Through here goes all work of the files on the database: on its own dispatcher, each piece on a
 * connection that is given back before the piece is done. Thread-safe.
 */
final class FileJdbc {
  /** Work on an open connection; blocks. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /**
   * How a transaction ended that was to be committed, or that its work gave up.
   *
   * @param doubt present if it is unknown whether the transaction committed
   */
  record Ended<T>(T result, Optional<SQLException> doubt) {}

  private static final Logger LOG = LoggerFactory.getLogger(FileJdbc.class);

  private static final Set<String> ROLLED_BACK = Set.of("40001", "40P01", "40002");

  private final DataSource dataSource;
  private final Executor dispatcher;

  FileJdbc(DataSource dataSource, Executor dispatcher) {
    this.dataSource = dataSource;
    this.dispatcher = dispatcher;
  }

  /** In autocommit: each statement is a transaction. Fails with an {@link SQLException}. */
  <T> CompletionStage<T> run(Work<T> work) {
    return submit(
        () -> {
          Connection connection = dataSource.getConnection();
          try {
            return work.run(connection);
          } finally {
            giveBack(connection);
          }
        });
  }

  /**
   * In one transaction, committed if its result is as {@code commit} says, otherwise rolled back.
   * Fails with an {@link SQLException} only if it is certain that nothing was committed.
   */
  <T> CompletionStage<Ended<T>> transaction(Work<T> work, Predicate<T> commit) {
    return submit(
        () -> {
          Connection connection = dataSource.getConnection();
          try {
            connection.setAutoCommit(false);
            return runTransaction(connection, work, commit);
          } finally {
            giveBack(connection);
          }
        });
  }

  private static <T> Ended<T> runTransaction(
      Connection connection, Work<T> work, Predicate<T> commit) throws SQLException {
    T result;
    try {
      begin(connection);
      result = work.run(connection);
      if (!commit.test(result)) {
        connection.rollback();
        return new Ended<>(result, Optional.empty());
      }
    } catch (SQLException | RuntimeException e) {
      rollBack(connection, e);
      throw e;
    }
    try {
      connection.commit();
      return new Ended<>(result, Optional.empty());
    } catch (SQLException e) {
      rollBack(connection, e);
      if (isCertainlyRolledBack(e)) {
        throw e;
      }
      return new Ended<>(result, Optional.of(e));
    }
  }

  private static void begin(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // one round trip; the pool's owner may have chosen other defaults
      statement.execute(
          "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s'");
    }
  }

  private static void rollBack(Connection connection, Exception cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      cause.addSuppressed(e);
      abort(connection, cause);
    }
  }

  /** So that giving it back, which switches autocommit on, cannot commit. */
  private static void abort(Connection connection, Exception cause) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  /** What fails here changes nothing about what the work has done. */
  private static void giveBack(Connection connection) {
    try (connection) {
      if (!connection.getAutoCommit()) {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      LOG.debug("could not give a connection back, SQLSTATE {}", e.getSQLState());
    }
  }

  /**
   * An error that the server reports while it carries out COMMIT has rolled back; a terminated
   * backend (57P01) or a broken connection tells nothing.
   */
  private static boolean isCertainlyRolledBack(SQLException e) {
    String state = e.getSQLState();
    return state != null
        && (state.startsWith("23") || state.startsWith("25") || ROLLED_BACK.contains(state));
  }

  private interface Blocking<T> {
    T run() throws SQLException;
  }

  private <T> CompletionStage<T> submit(Blocking<T> work) {
    CompletableFuture<T> done = new CompletableFuture<>();
    try {
      dispatcher.execute(
          () -> {
            try {
              done.complete(work.run());
            } catch (SQLException | RuntimeException e) {
              done.completeExceptionally(e);
            }
          });
    } catch (RuntimeException stopping) {
      done.completeExceptionally(stopping);
    }
    return done;
  }
}
