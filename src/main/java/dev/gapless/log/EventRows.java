package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.Traceparent;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decoding of the rows of one result. Owners, paths and types that come again share their text: the
 * events of a page are kept together, and are mostly of few. So does the trace context of events
 * that were written together. Not thread-safe.
 */
final class EventRows {
  /** The columns {@link #read} expects, in its order. */
  static final String COLUMNS = "id, owner, path, type, data::text, created_at, traceparent";

  /** The columns {@link #cursor} expects, in its order. */
  static final String COLUMNS_OF_CURSOR = "id, owner, path, type, created_at";

  private static final int TEXTS = 256;

  private final @Nullable String[] texts = new @Nullable String[TEXTS];
  private Optional<String> lastTrace = Optional.empty();

  /** Of a row that may have further columns. */
  static Cursor cursor(ResultSet row) throws SQLException {
    return new Event(
            row.getLong(1),
            row.getString(2),
            row.getString(3),
            row.getString(4),
            Optional.empty(),
            at(row, 5))
        .cursor();
  }

  Event read(ResultSet row) throws SQLException {
    return new Event(
        row.getLong(1),
        shared(row.getString(2)),
        shared(row.getString(3)),
        shared(row.getString(4)),
        Optional.ofNullable(row.getString(5)),
        at(row, 6),
        traceparent(row.getString(7)));
  }

  private static Instant at(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  private Optional<String> traceparent(@Nullable String text) {
    // whatever the table holds, what is sent is well formed
    if (text == null || !Traceparent.isValid(text)) {
      return Optional.empty();
    }
    if (!lastTrace.filter(text::equals).isPresent()) {
      lastTrace = Optional.of(text);
    }
    return lastTrace;
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
