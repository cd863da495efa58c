package dev.gapless.log;

import dev.gapless.event.Event;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decoding of the rows of one result. Owners, paths and types that come again share their text: the
 * events of a page are kept together, and are mostly of few. Not thread-safe.
 */
final class EventRows {
  /** The columns {@link #read} expects, in its order. */
  static final String COLUMNS = "id, owner, path, type, data::text, created_at";

  /** As {@link #COLUMNS} where only the event's cursor is wanted. */
  static final String COLUMNS_WITHOUT_DATA = "id, owner, path, type, NULL, created_at";

  private static final int TEXTS = 256;

  private final @Nullable String[] texts = new @Nullable String[TEXTS];

  static Event readOne(ResultSet row) throws SQLException {
    return new EventRows().read(row);
  }

  Event read(ResultSet row) throws SQLException {
    return new Event(
        row.getLong(1),
        shared(row.getString(2)),
        shared(row.getString(3)),
        shared(row.getString(4)),
        Optional.ofNullable(row.getString(5)),
        row.getObject(6, OffsetDateTime.class).toInstant());
  }

  private String shared(String text) {
    int place = (text.hashCode() * 0x9E3779B9) >>> 24;
    String there = texts[place];
    if (text.equals(there)) {
      return there;
    }
    texts[place] = text;
    return text;
  }
}
