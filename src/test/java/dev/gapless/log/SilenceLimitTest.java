package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class SilenceLimitTest {
  private static final Duration LIMIT = Duration.ofMillis(500);

  @Test
  void endsWorkThatIsNotAnsweredAndIsGoneAfterwards() throws SQLException {
    try (TestDatabase database = TestDatabase.create();
        TcpProxy proxy = TcpProxy.to(database.port())) {
      PGSimpleDataSource source = database.dataSource();
      source.setPortNumbers(new int[] {proxy.port()});
      try (Connection connection = source.getConnection()) {
        connection.setNetworkTimeout(Runnable::run, 7_000);
        assertThat(SilenceLimit.run(connection, LIMIT, SilenceLimitTest::ask)).isTrue();
        assertThat(connection.getNetworkTimeout()).isEqualTo(7_000);
        proxy.flow(TcpProxy.Flow.BLACK_HOLE);
        assertTimeoutPreemptively(
            Duration.ofSeconds(5),
            () ->
                assertThatThrownBy(() -> SilenceLimit.run(connection, LIMIT, SilenceLimitTest::ask))
                    .isInstanceOf(SQLException.class));
      }
    }
  }

  private static boolean ask(Connection connection) throws SQLException {
    Sql.run(connection, "SELECT 1");
    return true;
  }
}
