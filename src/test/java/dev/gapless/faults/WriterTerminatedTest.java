package dev.gapless.faults;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.faults.FaultNodes.Pair;
import dev.gapless.testkit.Load;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The backends of writers are terminated in the middle of transactions, positions drawn. */
@ExtendWith(FaultNodes.class)
class WriterTerminatedTest {
  private static final int TERMINATIONS = 40;

  @Test
  void theLogGoesOnOverTheirPositions(Pair nodes) throws Exception {
    Random random = new Random(26);
    try (Watchers watchers = Watchers.of(nodes.oracle, nodes.a, nodes.b)) {
      try (Load load = Load.start(nodes.database.dataSource(), 2, 26)) {
        for (int i = 0; i < TERMINATIONS; i++) {
          terminateInTransaction(nodes, 1 + random.nextInt(20));
        }
        // nothing is held back
        Watchers.awaitMore(watchers.all(0), 20);
        Watchers.awaitMore(watchers.all(1), 20);
        // one that nobody follows closes the last hole too
        terminateInTransaction(nodes, 1);
        load.close();
      }
      terminateInTransaction(nodes, 5);
      nodes.oracle.execute("SELECT gapless.publish('%s', '/x', 'x')".formatted(Load.owner(0)));
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      System.out.printf(
          "%d writers terminated in mid-transaction: %,d events of others without a gap%n",
          TERMINATIONS + 2, events);
    }
  }

  private static void terminateInTransaction(Pair nodes, int rows) throws SQLException {
    try (Connection writer = nodes.database.dataSource().getConnection();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute(
          "INSERT INTO gapless.events (owner, path, type) SELECT '%s', '/gone', 'x'"
                  .formatted(Load.owner(1))
              + " FROM generate_series(1, "
              + rows
              + ")");
      nodes.oracle.execute("SELECT pg_terminate_backend(" + pid(statement) + ")");
      assertThatThrownBy(writer::commit).isInstanceOf(SQLException.class);
    }
  }

  private static long pid(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getLong(1);
    }
  }
}
