package dev.gapless.log;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog.PageLimits;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One read of a page: matching events between two positions, in one direction. Reads in portions,
 * each a statement of its own, until the page is full, a limit is reached or the range is read.
 *
 * <p>With owners, each owner's index range is read on its own and merged, so a page costs its own
 * size; without, a filter looks at a bounded stretch of the log. Rows are examined without their
 * data, which is only fetched for those that match. Not thread-safe; for one read.
 */
final class PageScan {
  private static final int FIRST_PORTION = 500;

  private final Connection connection;
  private final PageStatement sql;
  private final PageLimits limits;
  private final boolean forward;
  private final EventRows rows = new EventRows();
  private final List<Event> events = new ArrayList<>();
  private Optional<Cursor> scannedTo = Optional.empty();
  private boolean complete;
  private long bytes;

  private PageScan(Connection connection, EventFilter filter, PageLimits limits, boolean forward) {
    this.connection = connection;
    this.sql = PageStatement.of(filter, forward, limits.maxEvents());
    this.limits = limits;
    this.forward = forward;
  }

  /** Events with {@code above < id <= upTo}; inside a transaction. */
  static PageScan read(
      Connection connection,
      long above,
      long upTo,
      EventFilter filter,
      PageLimits limits,
      boolean forward)
      throws SQLException {
    PageScan scan = new PageScan(connection, filter, limits, forward);
    scan.run(above, upTo);
    return scan;
  }

  List<Event> events() {
    return events;
  }

  /** The last row examined; everything up to it that matches is in {@link #events}. */
  Optional<Cursor> scannedTo() {
    return scannedTo;
  }

  /** Whether the whole range was read. */
  boolean complete() {
    return complete;
  }

  private void run(long above, long upTo) throws SQLException {
    long low = above;
    long high = upTo;
    long examined = 0;
    long portion = Math.max(FIRST_PORTION, 2L * limits.maxEvents());
    do {
      if (low >= high) {
        complete = true;
        return;
      }
      long budget = Math.max(1, Math.min(portion, limits.maxScanned() - examined));
      examined += readPortion(low, high, budget);
      if (scannedTo.isPresent()) {
        if (forward) {
          low = scannedTo.get().position();
        } else {
          high = scannedTo.get().position() - 1;
        }
      }
      portion *= 4;
    } while (!complete
        && events.size() < limits.maxEvents()
        && bytes < limits.maxBytes()
        && examined < limits.maxScanned());
  }

  private long readPortion(long low, long high, long budget) throws SQLException {
    int wanted = limits.maxEvents() - events.size();
    Portion portion = new Portion();
    try (PreparedStatement statement = connection.prepareStatement(sql.text())) {
      sql.bind(connection, statement, low, high, budget, wanted);
      boolean all =
          BoundedRows.read(
              statement,
              limits.maxBytes() - bytes,
              row -> {
                portion.examined = row.getLong(9);
                Event event = rows.read(row);
                if (!row.getBoolean(8)) {
                  portion.bound = Optional.of(event.cursor());
                  return 0;
                }
                events.add(event);
                portion.hits++;
                long size = BoundedRows.size(event);
                bytes += size;
                return size;
              });
      if (!all || portion.hits == wanted) {
        scannedTo = Optional.of(events.get(events.size() - 1).cursor());
      } else if (portion.bound.isPresent()) {
        scannedTo = portion.bound;
      } else {
        complete = true;
      }
    }
    return portion.examined;
  }

  private static final class Portion {
    private Optional<Cursor> bound = Optional.empty();
    private long examined;
    private int hits;
  }
}
