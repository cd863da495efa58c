package dev.gapless.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.event.InvalidValueException;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** The trace context of an event: every way into the log, and every read of it. */
class TraceTest {
  private static final String ONE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  private static final String OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  private static final PageLimits WIDE = new PageLimits(1_000, 10_000, 1 << 20);

  private final EventLog log = EventLog.create();
  private TestDatabase database;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    database = TestLogs.create();
    connection = database.dataSource().getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void draftsCarryTheirOwn() throws SQLException {
    append(draft());
    append(draft().withTraceparent(ONE));
    append(draft().withTraceparent(ONE), draft(), draft().withTraceparent(OTHER));
    append(draft(), draft());
    assertThat(traces()).containsExactly("", ONE, ONE, "", OTHER, "", "");
  }

  @Test
  void aDraftWithoutOneTakesThatOfTheTransaction() throws SQLException {
    connection.setAutoCommit(false);
    Sql.run(connection, "SET LOCAL gapless.traceparent = '" + ONE + "'");
    append(draft());
    append(draft().withTraceparent(OTHER));
    append(draft(), draft());
    append(draft(), draft().withTraceparent(OTHER));
    connection.commit();
    // the setting is an empty text from here on
    append(draft());
    append(draft(), draft().withTraceparent(OTHER));
    connection.commit();
    connection.setAutoCommit(true);
    assertThat(traces()).containsExactly(ONE, OTHER, ONE, ONE, ONE, OTHER, "", "", OTHER);
  }

  @Test
  void everyKindOfSqlTakesThatOfTheTransaction() throws SQLException, IOException {
    connection.setAutoCommit(false);
    Sql.run(connection, "SET LOCAL gapless.traceparent = '" + ONE + "'");
    writeInAllWays(connection);
    connection.commit();
    writeInAllWays(connection);
    connection.commit();
    connection.setAutoCommit(true);
    assertThat(traces()).containsExactly(ONE, ONE, ONE, ONE, ONE, "", "", "", "", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      })
  void aMalformedSettingFailsNoWrite(String setting) throws SQLException, IOException {
    Sql.run(connection, "SET gapless.traceparent = '" + setting + "'");
    writeInAllWays(connection);
    append(draft());
    append(draft(), draft().withTraceparent(ONE));
    assertThat(traces()).containsExactly("", "", "", "", "", "", "", ONE);
  }

  @Test
  void aValueOfTheWritersOwnIsChecked() throws SQLException {
    insert("'" + ONE + "'");
    insert("NULL");
    assertThatThrownBy(() -> insert("'00-1-2-01'"))
        .isInstanceOfSatisfying(
            SQLException.class,
            e ->
                assertThat(LogErrors.invalidValue(e).map(InvalidValueException::field))
                    .contains("traceparent"));
    assertThatThrownBy(() -> draft().withTraceparent("00-1-2-01"))
        .isInstanceOfSatisfying(
            InvalidValueException.class, e -> assertThat(e.field()).isEqualTo("traceparent"));
    assertThat(traces()).containsExactly(ONE, "");
  }

  /** Somebody may have dropped the constraint, as one can. */
  @Test
  void noReadGivesWhatIsMalformed() throws SQLException {
    Sql.run(connection, "ALTER TABLE gapless.events DROP CONSTRAINT events_traceparent_valid");
    insert("E'00-\\n\\ndata: x'");
    insert("'" + ONE + "'");
    assertThat(traces()).containsExactly("", ONE);
  }

  @Test
  void aRoleWithTheRightsOfThePreviousReleaseGoesOnToWrite() throws SQLException, IOException {
    asRole(
        "GRANT USAGE ON SCHEMA gapless TO gapless_writer; GRANT INSERT (owner, path, type, data),"
            + " SELECT (id) ON gapless.events TO gapless_writer",
        () -> {
          Sql.run(connection, "SET gapless.traceparent = '" + ONE + "'");
          writeInAllWays(connection);
          assertThatThrownBy(() -> insert("'" + OTHER + "'"))
              .isInstanceOfSatisfying(
                  SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42501"));
        });
    assertThat(traces()).containsExactly(ONE, ONE, ONE, ONE, ONE);
  }

  @Test
  void aRoleWithTheDocumentedRightsNamesItToo() throws SQLException, IOException {
    try (InputStream grants = LogMigration.class.getResourceAsStream("grants.sql")) {
      asRole(
          new String(grants.readAllBytes(), UTF_8),
          () -> {
            Sql.run(connection, "SET gapless.traceparent = '" + ONE + "'");
            writeInAllWays(connection);
            insert("'" + OTHER + "'");
          });
    }
    assertThat(traces()).containsExactly(ONE, ONE, ONE, ONE, ONE, OTHER);
  }

  @Test
  void itIsNoPartOfTheFingerprint() throws SQLException {
    Cursor cursor = append(draft().withTraceparent(ONE)).get(0);
    Sql.run(connection, "UPDATE gapless.events SET traceparent = NULL");
    assertThat(events(EventFilter.ALL, true).get(0).cursor()).isEqualTo(cursor);
  }

  @Test
  void everyReadCarriesIt() throws SQLException {
    append(
        EventDraft.of("a", "/x", "t").withTraceparent(ONE),
        EventDraft.of("b", "/y/z", "u"),
        EventDraft.of("a", "/y/z", "u").withTraceparent(OTHER),
        EventDraft.of("a", "/y/z", "t").withTraceparent(OTHER));
    for (EventFilter filter :
        List.of(
            EventFilter.ALL,
            EventFilter.ofOwner("a"),
            new EventFilter(Set.of("a", "b"), Set.of(), Set.of("u")),
            new EventFilter(Set.of(), Set.of("/y/"), Set.of()),
            new EventFilter(Set.of("a"), Set.of("/x", "/y/"), Set.of("t", "u")))) {
      List<Event> wanted = all().stream().filter(filter::matches).toList();
      assertThat(wanted.stream().anyMatch(event -> event.traceparent().isPresent())).isTrue();
      assertThat(events(filter, true)).isEqualTo(wanted);
      List<Event> reversed = new ArrayList<>(wanted);
      Collections.reverse(reversed);
      assertThat(events(filter, false)).isEqualTo(reversed);
    }
  }

  /** In one transaction or in none: five events. */
  private static void writeInAllWays(Connection writer) throws SQLException, IOException {
    Sql.run(
        writer,
        "INSERT INTO gapless.events (owner, path, type) VALUES ('o', '/insert', 't')",
        "INSERT INTO gapless.events (owner, path, type, data) SELECT 'o', '/select', 't', '{}'",
        "SELECT gapless.publish('o', '/publish', 't', '1')");
    writer
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn(
            "COPY gapless.events (owner, path, type, data) FROM STDIN",
            new StringReader("o\t/copy\tt\t\\N\no\t/copy\tt\t{}\n"));
  }

  private interface Work {
    void run() throws SQLException, IOException;
  }

  private void asRole(String grants, Work work) throws SQLException, IOException {
    String role = "tracer_" + database.name();
    Sql.run(
        connection,
        "CREATE ROLE " + role,
        grants.replace("gapless_writer", role),
        "SET ROLE " + role);
    try {
      work.run();
    } finally {
      Sql.run(connection, "RESET ROLE", "DROP OWNED BY " + role, "DROP ROLE " + role);
    }
  }

  private void insert(String traceparent) throws SQLException {
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type, traceparent) VALUES ('o', '/a', 't', "
            + traceparent
            + ")");
  }

  private List<Cursor> append(EventDraft... drafts) throws SQLException {
    return log.append(connection, List.of(drafts));
  }

  private static EventDraft draft() {
    return EventDraft.of("o", "/a", "t", "{}");
  }

  /** As the tail reads them; empty where there is none. */
  private List<String> traces() throws SQLException {
    return all().stream().map(Event::traceparent).map(trace -> trace.orElse("")).toList();
  }

  private List<Event> all() throws SQLException {
    return HeadReads.create().rows(connection, 0, Long.MAX_VALUE, 1_000, 1 << 20);
  }

  private List<Event> events(EventFilter filter, boolean forward) throws SQLException {
    List<Event> all = all();
    Cursor head = all.get(all.size() - 1).cursor();
    ReadResult read =
        forward
            ? log.readForward(connection, Cursor.EARLIEST, head, filter, WIDE)
            : log.readBackward(connection, Cursor.bare(head.position() + 1), head, filter, WIDE);
    return ((ReadResult.Page) read).events();
  }
}
