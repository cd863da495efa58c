package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class RevocationsTest {
  @Test
  void whatIsRecordedIsRead() throws SQLException {
    Revocations revocations = Revocations.create();
    try (TestDatabase database = TestLogs.create();
        Connection connection = database.dataSource().getConnection()) {
      assertThat(revocations.readAll(connection)).isEmpty();
      revocations.record(connection, "a".repeat(64));
      revocations.record(connection, "b".repeat(64));
      revocations.record(connection, "a".repeat(64));
      assertThat(revocations.readAll(connection))
          .containsExactlyInAnyOrder("a".repeat(64), "b".repeat(64));
      assertThatThrownBy(() -> revocations.record(connection, "a token in clear"))
          .isInstanceOf(SQLException.class);
    }
  }
}
