package dev.gapless.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What a role with nothing but {@code grants.sql} can and cannot do in plain SQL. */
class WriterRoleTest {
  private static TestDatabase database;
  private static String role;
  private static Connection owner;
  private static Connection writer;

  @BeforeAll
  static void open() throws SQLException, IOException {
    database = TestLogs.create();
    role = "writer_" + database.name();
    owner = database.dataSource().getConnection();
    Sql.run(owner, "CREATE ROLE " + role);
    try (InputStream grants = LogMigration.class.getResourceAsStream("grants.sql")) {
      Sql.run(owner, new String(grants.readAllBytes(), UTF_8).replace("gapless_writer", role));
    }
    writer = database.dataSource().getConnection();
    Sql.run(writer, "SET ROLE " + role);
  }

  @AfterAll
  static void close() throws SQLException {
    writer.close();
    Sql.run(owner, "DROP OWNED BY " + role, "DROP ROLE " + role);
    owner.close();
    database.close();
  }

  @Test
  void itInsertsCopiesAndPublishes() throws SQLException, IOException {
    long first =
        Sql.number(
            writer,
            "INSERT INTO gapless.events (owner, path, type, data) VALUES ('o', '/a', 't',"
                + " '[1]') RETURNING id");
    Sql.run(writer, "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/a', 't')");
    assertThat(
            Sql.number(
                writer,
                "SELECT gapless.publish('acme', '/orders/42', 'order.created', '{\"total\":12}')"))
        .isEqualTo(first + 2);
    assertThat(Sql.number(writer, "SELECT gapless.publish('acme', '/orders/42', 'order.seen')"))
        .isEqualTo(first + 3);
    writer
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn(
            "COPY gapless.events (owner, path, type, data) FROM STDIN",
            new StringReader("o\t/a\tt\t\\N\no\t/b\tt\t{}\n"));
    assertThat(Sql.number(owner, "SELECT count(*) FROM gapless.events WHERE id >= " + first))
        .isEqualTo(6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO gapless.events (id, owner, path, type) OVERRIDING SYSTEM VALUE"
            + " VALUES (99, 'o', '/a', 't')",
        "INSERT INTO gapless.events (owner, path, type, created_at)"
            + " VALUES ('o', '/a', 't', '2001-01-01')",
        "INSERT INTO gapless.events_p1 (owner, path, type) VALUES ('o', '/a', 't')",
        "INSERT INTO gapless.events_p1 (id, owner, path, type) OVERRIDING SYSTEM VALUE"
            + " VALUES (99, 'o', '/a', 't')",
        "SELECT nextval('gapless.events_id_seq')",
        "SELECT setval('gapless.events_id_seq', 99)",
        "SELECT owner FROM gapless.events",
        "SELECT * FROM gapless.events_p1",
        "UPDATE gapless.events SET path = '/b'",
        "DELETE FROM gapless.events",
        "TRUNCATE gapless.events",
        "ALTER TABLE gapless.events DISABLE TRIGGER ALL",
        "SELECT * FROM gapless.retired",
        "SELECT * FROM gapless.erased",
        "SELECT * FROM gapless.erasures",
        "INSERT INTO gapless.erasures (position, owner) VALUES (1, 'o')",
        "SELECT * FROM gapless.idempotency",
        "SELECT * FROM gapless.revocations",
      })
  void itMayNot(String sql) {
    assertThatThrownBy(() -> Sql.run(writer, sql))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42501"));
  }

  @Test
  void evenTheOwnerMayNotTruncate() {
    assertThatThrownBy(() -> Sql.run(owner, "TRUNCATE gapless.events"))
        .hasMessageContaining("use retention");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "''; '/a'; 't'; NULL; events_owner_valid",
        "'a b'; '/a'; 't'; NULL; events_owner_valid",
        "E'a\\n'; '/a'; 't'; NULL; events_owner_valid",
        "'ä'; '/a'; 't'; NULL; events_owner_valid",
        "repeat('a', 129); '/a'; 't'; NULL; events_owner_valid",
        "'a'; ''; 't'; NULL; events_path_valid",
        "'a'; 'a'; 't'; NULL; events_path_valid",
        "'a'; '/a//b'; 't'; NULL; events_path_valid",
        "'a'; '/a/../b'; 't'; NULL; events_path_valid",
        "'a'; '/.'; 't'; NULL; events_path_valid",
        "'a'; '/a/..'; 't'; NULL; events_path_valid",
        "'a'; E'/a\\nb'; 't'; NULL; events_path_valid",
        "'a'; E'/a\\r'; 't'; NULL; events_path_valid",
        "'a'; '/a' || chr(127); 't'; NULL; events_path_valid",
        "'a'; '/a' || chr(133); 't'; NULL; events_path_valid",
        "'a'; '/' || repeat('é', 128); 't'; NULL; events_path_valid",
        "'a'; '/x/' || repeat('a', 256) || '/y'; 't'; NULL; events_path_valid",
        "'a'; repeat('/' || repeat('a', 250), 9); 't'; NULL; events_path_valid",
        "'a'; '/a'; ''; NULL; events_type_valid",
        "'a'; '/a'; 'a b'; NULL; events_type_valid",
        "'a'; '/a'; E't\\n'; NULL; events_type_valid",
        "'a'; '/a'; 'error'; NULL; events_type_valid",
        "'a'; '/a'; 'open'; NULL; events_type_valid",
        "'a'; '/a'; 'gapless.reset'; NULL; events_type_valid",
        "'a'; '/a'; repeat('t', 65); NULL; events_type_valid",
        "'a'; '/a'; 't'; to_jsonb(repeat('x', 524287)); events_data_size",
      })
  void aBadValueFailsWithItsConstraint(
      String o, String path, String type, String data, String constraint) {
    assertThatThrownBy(() -> insert(o, path, type, data)).hasMessageContaining(constraint);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "repeat('a', 128); '/'; repeat('t', 64); 'null'",
        "'a.b_c~d-E9'; '/a.b/..c/...'; 'errors'; NULL",
        "'a'; '/' || repeat('é', 127) || 'a/'; 'opened'; '[]'",
        "'a'; '/' || repeat('a', 255) || '/' || repeat('b', 255); 'gaplessx'; '{}'",
        "'a'; repeat('/' || repeat('a', 255), 8); 't.-_'; to_jsonb(repeat('x', 524286))",
        "'a'; '/日本/' || chr(160) || chr(8232); 't'; NULL",
      })
  void aGoodValueAtTheEdgePasses(String o, String path, String type, String data)
      throws SQLException {
    insert(o, path, type, data);
  }

  private void insert(String o, String path, String type, String data) throws SQLException {
    Sql.run(
        writer,
        "INSERT INTO gapless.events (owner, path, type, data) VALUES ("
            + String.join(", ", List.of(o, path, type, data))
            + ")");
  }
}
