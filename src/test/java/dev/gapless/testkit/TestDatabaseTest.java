package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestDatabaseTest {
  @Test
  void databasesOfTheSharedClusterAreSeparateAndEmpty() throws SQLException {
    try (TestDatabase one = TestDatabase.create();
        TestDatabase other = TestDatabase.create()) {
      try (Connection connection = one.pool(2).getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE mark (id int)");
      }
      assertThat(count(other, "pg_tables WHERE tablename = 'mark'")).isZero();
      assertThat(one.port()).isEqualTo(other.port());
      assertThatThrownBy(() -> one.stop(StopMode.FAST)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anOwnClusterKeepsItsPortAndDataOverStopAndKill() throws SQLException {
    try (TestDatabase database =
        TestDatabase.ownCluster(Map.of("max_prepared_transactions", "5"))) {
      int port = database.port();
      try (Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE mark (id int)");
        statement.execute("INSERT INTO mark VALUES (1)");
        try (ResultSet rows = statement.executeQuery("SHOW max_prepared_transactions")) {
          rows.next();
          assertThat(rows.getInt(1)).isEqualTo(5);
        }
      }
      for (StopMode mode : StopMode.values()) {
        database.stop(mode);
        assertThat(database.isRunning()).isFalse();
        database.start();
        assertThat(count(database, "mark")).isEqualTo(1);
      }
      database.kill9();
      assertThat(database.isRunning()).isFalse();
      database.start();
      assertThat(count(database, "mark")).isEqualTo(1);
      assertThat(database.port()).isEqualTo(port);
    }
  }

  private static long count(TestDatabase database, String from) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + from)) {
      rows.next();
      return rows.getLong(1);
    }
  }
}
