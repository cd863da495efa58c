package dev.gapless;

import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.Test;

class HousekeepingTest {
  @Test
  void partitionsAreAddedAndOldIdempotencyKeysForgotten() throws Exception {
    ActorSystem<Void> system =
        ActorSystem.create(
            Behaviors.empty(),
            "housekeeping",
            ConfigFactory.parseString(
                    "gapless { housekeeping = 200 ms, log.partition-size = 10000 }")
                .withFallback(ConfigFactory.load()));
    try (TestDatabase database = TestLogs.create()) {
      run(
          database,
          "INSERT INTO gapless.idempotency (scope, key, body_hash, response, created_at)"
              + " SELECT repeat('a', 64), key, repeat('b', 64), '', clock_timestamp() - age"
              + " FROM (VALUES ('old', interval '25 h'), ('new', interval '23 h')) AS k (key, age)");
      run(database, "SELECT setval('gapless.events_id_seq', 50000001)");
      Gapless.get(system).start(database.pool(6)).toCompletableFuture().get(30, TimeUnit.SECONDS);
      await().until(() -> number(database, "SELECT count(*) FROM gapless.idempotency") == 1);
      run(database, "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')");
      await()
          .until(
              () ->
                  number(
                          database,
                          "SELECT count(*) FROM pg_inherits"
                              + " WHERE inhparent = 'gapless.events'::regclass")
                      >= 11);
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } finally {
      system.terminate();
    }
  }

  private static void run(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long number(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
