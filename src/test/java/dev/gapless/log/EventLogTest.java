package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult.Page;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventLogTest {
  private static final PageLimits LIMITS = new PageLimits(1_000, 10_000, 1 << 20);

  private final EventLog eventLog = EventLog.create();
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
  void cursorsOfAnAppendAreThoseOfTheDraftsInTheirOrder() throws SQLException {
    List<EventDraft> drafts = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      Optional<String> data =
          switch (i % 4) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of("null");
            case 2 -> Optional.of("{\"text\":\"a,\\\"b\\\\{} 'é\\u2028\"}");
            default -> Optional.of(Integer.toString(i));
          };
      drafts.add(new EventDraft("owner" + i % 7, "/p/" + i + "/ü{,}\"\\", "t." + i, data));
    }

    List<Cursor> cursors = eventLog.append(connection, drafts);

    Page page = page(Cursor.EARLIEST, cursors.get(999), EventFilter.ALL, LIMITS);
    assertThat(page.events()).extracting(Event::cursor).isEqualTo(cursors);
    for (int i = 0; i < 1_000; i++) {
      Event event = page.events().get(i);
      EventDraft draft = drafts.get(i);
      assertThat(event.owner()).isEqualTo(draft.owner());
      assertThat(event.path()).isEqualTo(draft.path());
      assertThat(event.type()).isEqualTo(draft.type());
      assertThat(event.data().isPresent()).isEqualTo(draft.data().isPresent());
    }
    assertThat(page.events().get(1).data()).contains("null");
    assertThat(eventLog.append(connection, List.of())).isEmpty();
  }

  @Test
  void anAppendBelongsToTheCallersTransaction() throws SQLException {
    connection.setAutoCommit(false);
    eventLog.append(connection, List.of(EventDraft.of("o", "/a", "t")));
    connection.rollback();
    connection.setAutoCommit(true);
    assertThat(eventLog.highestVisible(connection)).isEmpty();
    List<Cursor> second = eventLog.append(connection, List.of(EventDraft.of("o", "/a", "t")));
    assertThat(eventLog.highestVisible(connection)).hasValue(second.get(0).position());
  }

  @Test
  void pagesContinueWhereTheLastOneEnded() throws SQLException {
    List<Cursor> cursors = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      cursors.addAll(
          eventLog.append(
              connection, List.of(EventDraft.of(i % 2 == 0 ? "even" : "odd", "/n/" + i, "t"))));
    }
    Cursor head = cursors.get(39);
    EventFilter filter = new EventFilter(Set.of("odd"), Set.of("/n/"), Set.of());
    List<Cursor> read = new ArrayList<>();
    Cursor after = Cursor.EARLIEST;
    Page page;
    do {
      page = page(after, head, filter, new PageLimits(3, 10_000, 1 << 20));
      page.events().forEach(event -> read.add(event.cursor()));
      after = page.scannedTo();
    } while (!page.complete());
    assertThat(read)
        .isEqualTo(cursors.stream().filter(cursor -> cursor.position() % 2 == 0).toList());
    assertThat(after).isEqualTo(head);
  }

  private Page page(Cursor after, Cursor upTo, EventFilter filter, PageLimits limits)
      throws SQLException {
    return (Page) eventLog.readForward(connection, after, upTo, filter, limits);
  }
}
