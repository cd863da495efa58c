package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SmallDiskTest {
  private static final String MUCH =
      "INSERT INTO t SELECT repeat(md5(n::text), 30) FROM generate_series(1, 30000) AS n";

  @Test
  void tablesOnAFullDiskRefuseRowsUntilThereIsRoom() throws SQLException {
    assumeTrue(SmallDisk.isPossible());
    try (SmallDisk disk = SmallDisk.mount(64);
        TestDatabase database = TestDatabase.ownClusterWithTablesOn(disk, Map.of())) {
      run(database, "CREATE TABLE t (text text)");
      disk.fill();
      assertThatThrownBy(() -> run(database, MUCH))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53100"));
      assertThat(database.isRunning()).isTrue();
      disk.free();
      run(database, MUCH);
    }
  }

  @Test
  void aLimitOfFileSizesActsLikeAFullDisk() throws SQLException {
    try (TestDatabase database = TestDatabase.ownCluster()) {
      run(database, "CREATE TABLE t (text text)");
      database.limitFileSize(17_000_000);
      assertThatThrownBy(() -> run(database, MUCH)).isInstanceOf(SQLException.class);
      assertThat(database.isRunning()).isTrue();
      database.liftFileSizeLimit();
      run(database, MUCH);
    }
  }

  private static void run(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
