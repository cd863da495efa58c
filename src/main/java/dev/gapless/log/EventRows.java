package dev.gapless.log;

import dev.gapless.event.Event;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;

/** Decoding of a row of the log. */
final class EventRows {
  /** The columns {@link #read} expects, in its order. */
  static final String COLUMNS = "id, owner, path, type, data::text, created_at";

  /** As {@link #COLUMNS} where only the event's cursor is wanted. */
  static final String COLUMNS_WITHOUT_DATA = "id, owner, path, type, NULL, created_at";

  private EventRows() {}

  static Event read(ResultSet row) throws SQLException {
    return new Event(
        row.getLong(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        Optional.ofNullable(row.getString(5)),
        row.getObject(6, OffsetDateTime.class).toInstant());
  }
}
