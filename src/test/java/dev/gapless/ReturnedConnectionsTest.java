package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.Test;

/** A pool that a node has shared is the application's again when the node has stopped. */
class ReturnedConnectionsTest {
  private static final int SIZE = 8;

  @Test
  void noSessionKeepsWhatTheNodeSet() throws Exception {
    ActorSystem<Void> system =
        ActorSystem.create(Behaviors.empty(), "returned", ConfigFactory.load());
    try (TestDatabase database = TestDatabase.create()) {
      String ofDatabase = show(database.dataSource().getConnection(), "SHOW synchronous_commit");
      HikariDataSource pool = database.pool(SIZE);
      Gapless.get(system).start(pool).toCompletableFuture().get(60, TimeUnit.SECONDS);
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
      List<Connection> all = new ArrayList<>();
      for (int i = 0; i < SIZE; i++) {
        all.add(pool.getConnection());
      }
      for (Connection connection : all) {
        assertThat(show(connection, "SHOW synchronous_commit")).isEqualTo(ofDatabase);
        assertThat(show(connection, "SELECT count(*) FROM pg_listening_channels()")).isEqualTo("0");
        connection.close();
      }
    } finally {
      system.terminate();
    }
  }

  private static String show(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
