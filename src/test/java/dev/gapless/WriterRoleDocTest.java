package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** Runs the statements of docs/configuration.md for roles that only write. */
class WriterRoleDocTest {
  private TestDatabase database;
  private Connection connection;
  private String role;

  @BeforeEach
  void createRole() throws SQLException {
    database = TestLogs.create();
    role = "shop_" + database.name();
    connection = database.dataSource().getConnection();
    run("CREATE ROLE " + role);
  }

  @AfterEach
  void dropRole() throws SQLException {
    run("RESET ROLE");
    run("DROP OWNED BY " + role);
    run("DROP ROLE " + role);
    connection.close();
    database.close();
  }

  @Test
  void theGrantsAreEnoughToWriteAndForNothingElse() throws Exception {
    List<String> blocks = sqlBlocks();
    for (String grant : statements(blocks.get(0))) {
      run(grant.replace("shop", role));
    }
    run("SET ROLE " + role);
    List<String> writes = statements(blocks.get(1));
    assertThat(writes).hasSize(3);
    for (String write : writes) {
      run(write);
    }
    long copied =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY gapless.events (owner, path, type, data) FROM STDIN",
                new StringReader("acme\t/orders/7\torder.placed\t{\"total\": 1}\n"));
    assertThat(copied).isOne();

    String values = " VALUES (99, 'acme', '/x', 't')";
    String forced = " (id, owner, path, type) OVERRIDING SYSTEM VALUE" + values;
    assertDenied("INSERT INTO gapless.events" + forced);
    assertDenied("INSERT INTO gapless.events_p1 (owner, path, type) VALUES ('acme', '/x', 't')");
    assertDenied("SELECT owner FROM gapless.events");
    assertDenied("SELECT nextval('gapless.events_id_seq')");
    assertDenied("UPDATE gapless.events SET owner = 'other'");
    assertDenied("DELETE FROM gapless.events");
    assertDenied("TRUNCATE gapless.events");
    assertDenied("SELECT position FROM gapless.decided");
  }

  private void assertDenied(String sql) {
    assertThatThrownBy(() -> run(sql)).as(sql).hasMessageContaining("permission denied");
  }

  private void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static List<String> sqlBlocks() throws IOException {
    String page = Files.readString(Path.of("docs/configuration.md"));
    return Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
        .matcher(page)
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  private static List<String> statements(String block) {
    return Pattern.compile(";\\s*\n").splitAsStream(block).filter(sql -> !sql.isBlank()).toList();
  }
}
