package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gapless.event.EventDraft;
import dev.gapless.event.InvalidValueException;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogErrorsTest {
  private static TestDatabase database;
  private static Connection connection;

  @BeforeAll
  static void open() throws SQLException {
    database = TestLogs.create();
    connection = database.dataSource().getConnection();
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    database.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "secret",
        "{\"a\":1,}",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "1e400000",
        "\"a\u0000b\"",
        "[1] [2]",
        "NaN",
        "\"\n\""
      })
  void badJsonIsTheWritersFault(String json) {
    Optional<InvalidValueException> fault = fault(json);
    assertThat(fault).map(InvalidValueException::field).contains("data");
    assertThat(fault).map(Throwable::getMessage).get().asString().doesNotContain("secret");
  }

  @Test
  void aValueNestedTooDeeplyIsTheWritersFault() {
    assertThat(fault("[".repeat(200_000) + "]".repeat(200_000))).isPresent();
  }

  @Test
  void aValueTooLargeIsTheWritersFaultForItsSizeOnly() {
    assertThat(fault("\"" + "x".repeat(600_000) + "\""))
        .map(InvalidValueException::isTooLarge)
        .contains(true);
  }

  @Test
  void troubleOfTheDatabaseIsNot() throws SQLException {
    try (TestDatabase other = TestLogs.create();
        Connection there = other.dataSource().getConnection()) {
      Sql.run(there, "SELECT setval('gapless.events_id_seq', 9000000000)");
      SQLException noPartition = catchThrowableOfType(SQLException.class, () -> append(there, "1"));
      assertThat(noPartition.getSQLState()).isEqualTo("23514");
      assertThat(LogErrors.invalidValue(noPartition)).isEmpty();
    }
    assertThat(LogErrors.invalidValue(new SQLException("gone", "08006"))).isEmpty();
    assertThat(LogErrors.invalidValue(new SQLException("gone"))).isEmpty();
  }

  @Test
  void aSurrogateAloneIsNotReplacedInSilence() {
    assertThat(fault("\"a\ud800b\"")).map(InvalidValueException::field).contains("data");
  }

  private static Optional<InvalidValueException> fault(String json) {
    try {
      append(connection, json);
      return Optional.empty();
    } catch (InvalidValueException e) {
      return Optional.of(e);
    } catch (SQLException e) {
      return LogErrors.invalidValue(e);
    }
  }

  private static void append(Connection connection, String json) throws SQLException {
    EventLog.create().append(connection, List.of(EventDraft.of("o", "/a", "t", json)));
  }
}
